"""All built-in styles on one frame."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from sora.atomic import write_bytes
from sora.errors import SoraError, VideoError
from sora.guard import Guard
from sora.stylize.painter import MAX_SIDE_PX, Painter, canvas_size, resized
from sora.stylize.styles import NAMES, built_in_style
from sora.transcode.pipeline import num_cores

_TILE_WIDTH_PX, _COLUMNS = 320, 4
_MAX_TILE_HEIGHT_PX = 640
_MARGIN, _GAP, _CAPTION = 24, 12, 34
_PAPER, _INK = (255, 255, 255), (32, 38, 46)
_FONT_SIZE, _FONT_WEIGHT = 18, 500


def write_sheet(video: Path, output: Path, seconds: float | None) -> None:
    """Write a PNG with the frame of a video at ``seconds``, by default its middle one, in every style.

    Raises:
        SoraError: ``output`` is no PNG, or the weights are not installed.
        VideoError: the video cannot be read.
    """
    if output.suffix.lower() != ".png":
        raise SoraError(f"{output}: a sheet of styles is a PNG; give it a name that ends in .png")
    with Guard() as guard:
        read = guard.read_frames(video, partial(_choose, seconds=seconds), _size)
    frame = read.pixels[0]
    with ThreadPoolExecutor(num_cores()) as threads:
        painted = list(threads.map(partial(_painted, frame), range(len(NAMES))))
    captions = [f"{number}  {name}" for number, name in enumerate(NAMES)]
    write_bytes(output, sheet([frame, *painted], ["as it is", *captions]))


def sheet(pictures: Sequence[np.ndarray], captions: Sequence[str]) -> bytes:
    """Draw pictures, uint8 RGB (H, W, 3), in rows, each with its caption; returns a PNG."""
    height, width = pictures[0].shape[:2]
    tile_height = min(max(1, round(_TILE_WIDTH_PX * height / width)), _MAX_TILE_HEIGHT_PX)
    rows, step = -(-len(pictures) // _COLUMNS), tile_height + _CAPTION
    size = 2 * _MARGIN + rows * step, 2 * _MARGIN + _COLUMNS * (_TILE_WIDTH_PX + _GAP) - _GAP, 3
    page = np.full(size, _PAPER, np.uint8)
    for place, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        row, column = divmod(place, _COLUMNS)
        top, left = _MARGIN + row * step, _MARGIN + column * (_TILE_WIDTH_PX + _GAP)
        tile = resized(picture, (tile_height, _TILE_WIDTH_PX))
        page[top : top + tile_height, left : left + _TILE_WIDTH_PX] = tile
        font, base = cv2.FontFace("sans"), (left, top + tile_height + 22)
        cv2.putText(page, caption, base, _INK, font, _FONT_SIZE, _FONT_WEIGHT)
    return cv2.imencode(".png", page[..., ::-1])[1].tobytes()


def _painted(frame: np.ndarray, number: int) -> np.ndarray:
    canvas = resized(frame, canvas_size(*frame.shape[:2]))
    painting = resized(Painter(built_in_style(number)).paint(canvas), frame.shape[:2])
    return np.clip(np.rint(painting), 0, 255).astype(np.uint8)


def _choose(times: np.ndarray, seconds: float | None) -> Sequence[int]:
    if seconds is None:
        return [len(times) // 2]
    if seconds > times[-1]:
        raise VideoError(f"its last frame is shown at {times[-1]:.2f} s, there is none at {seconds:g} s")
    return [max(0, int(np.searchsorted(times, seconds, side="right")) - 1)]


def _size(width: int, height: int) -> tuple[int, int]:
    """Shrink what is larger than any canvas."""
    scale = min(1.0, MAX_SIDE_PX / max(width, height))
    return max(2, round(width * scale)), max(2, round(height * scale))
