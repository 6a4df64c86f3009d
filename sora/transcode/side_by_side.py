"""A preview: the source on the left, the result on the right."""

from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np

from sora.transcode.effect import Arrays, Effect, Frame


class SideBySide(Effect):
    """Shows what another effect does; the source is enlarged as players do, by bicubic interpolation."""

    def __init__(self, shown: Effect) -> None:
        self._shown = shown
        self.key = f"side by side: {shown.key}"

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return the height and twice the width of the results."""
        height, width = self._shown.size(height, width)
        return height, 2 * width

    def survey(self, frames: Iterable[Frame]) -> Arrays | None:
        """Look as the effect does."""
        return self._shown.survey(frames)

    def prepare(self, frame: Frame) -> Any:
        """Prepare as the effect does."""
        return self._shown.prepare(frame)

    def informed(self, survey: Arrays) -> "SideBySide":
        """Return the preview of the effect that knows what its survey found."""
        return SideBySide(self._shown.informed(survey))

    def finish(self, state: Arrays | None, frame: Frame, prepared: Any) -> tuple[Arrays | None, Any]:
        """Go on as the effect does."""
        return self._shown.finish(state, frame, prepared)

    def render(self, frame: Frame, finished: Any) -> np.ndarray:
        """Return both pictures, uint8 RGB (H, 2 W, 3)."""
        result = self._shown.render(frame, finished)
        height, width = result.shape[:2]
        source = cv2.resize(frame.pixels, (width, height), interpolation=cv2.INTER_CUBIC)
        return np.hstack([source, result])
