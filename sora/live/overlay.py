"""The answer drawn into the picture."""

from typing import Any

import cv2
import numpy as np

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FONT_HEIGHT_PX = 22.0  # of capital letters at scale 1
_TEXT_SHARE = 0.05  # of the picture's shorter side
_WHITE, _GREY, _BAR = (255, 255, 255), (170, 170, 170), (80, 170, 250)


def draw_answer(picture: np.ndarray, answer: dict[str, Any] | None) -> np.ndarray:
    """Return uint8 RGB (H, W, 3) with label and probability on a dark strip along the lower edge.

    Args:
        picture: uint8 RGB (H, W, 3).
        answer: see ``sora.live.watch.watch``; grey while it is warming up; None: nothing has been said yet.
    """
    if answer is None:
        return picture
    height, width = picture.shape[:2]
    text_px = max(8, round(_TEXT_SHARE * min(height, width)))
    top = max(0, height - 2 * text_px)
    drawn = picture.copy()
    drawn[top:] = drawn[top:] // 4
    share = max(answer.get("probabilities", {"": 0.0}).values())
    drawn[-max(2, text_px // 5) :, : round(share * width)] = _BAR
    colour = _GREY if answer["warming_up"] else _WHITE
    place = text_px // 2, top + round(1.4 * text_px)
    thickness = max(1, round(text_px / 12))
    cv2.putText(
        drawn, _words(answer), place, _FONT, text_px / _FONT_HEIGHT_PX, colour, thickness, cv2.LINE_AA
    )
    return drawn


def _words(answer: dict[str, Any]) -> str:
    if "error" in answer:
        return answer["error"]
    return f"{answer['label']}  {answer['probabilities'][answer['label']]:.0%}"
