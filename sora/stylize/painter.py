"""Painting single frames in a style."""

import hashlib

import cv2
import numpy as np

from sora.runtimes import onnx_session
from sora.stylize.graph import SIZE_MULTIPLE, build_graph
from sora.stylize.styles import Style

# Longest side of what is painted: the styles are meant for pictures of about this size. On smaller ones a
# stroke is as wide as a face; larger ones take long for strokes that nobody sees.
MIN_SIDE_PX, MAX_SIDE_PX = 512, 1280
_EMPTY, _FULL = (
    1.0,
    6.0,
)  # standard deviation of the colours of a picture in which there is nothing, or enough
_SMALLEST_SIDE_PX = 64  # of what is painted; optical flow fails on thinner strips


class Painter:
    """The network of one style; its methods may run in several threads at once, on one core each."""

    def __init__(self, style: Style) -> None:
        network = build_graph(style.layers)
        self.key = hashlib.sha256(network).hexdigest()
        self._session = onnx_session(network)

    def paint(self, canvas: np.ndarray) -> np.ndarray:
        """Paint a picture, uint8 RGB (H, W, 3) of sides that 4 divides, as float32 RGB in [0, 255]."""
        planes = np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], np.float32) / 255
        painted = self._session.run(None, {"picture": planes})[0][0]
        return np.ascontiguousarray(painted.transpose(1, 2, 0)) * np.float32(255)


def substance(picture: np.ndarray) -> float:
    """Return how far there is anything to paint in a picture, uint8 RGB (H, W, 3): from 0 to 1.

    The network brings every picture to the same contrast, so that of a black one it paints the noise.
    """
    contrast = float(cv2.meanStdDev(picture)[1].mean())
    return min(max((contrast - _EMPTY) / (_FULL - _EMPTY), 0.0), 1.0)


def canvas_size(height: int, width: int, side_px: int | None = None) -> tuple[int, int]:
    """Return the height and width at which a frame is painted, its longest side about ``side_px``.

    By default that is the frame's own, but 512 at least and 1280 at most.
    """
    longest = max(height, width)
    scale = (side_px or min(max(longest, MIN_SIDE_PX), MAX_SIDE_PX)) / longest

    def fitted(side: int) -> int:
        return max(round(side * scale / SIZE_MULTIPLE) * SIZE_MULTIPLE, _SMALLEST_SIDE_PX)

    return fitted(height), fitted(width)


def resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return a picture (H, W, 3) in another height and width; the picture itself where it has them."""
    if picture.shape[:2] == size:
        return picture
    smaller = size[0] * size[1] < picture.shape[0] * picture.shape[1]
    way = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return cv2.resize(picture, size[::-1], interpolation=way)
