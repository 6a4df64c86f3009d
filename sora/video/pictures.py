"""From decoded frames to arrays: size, colours and orientation."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import av
import numpy as np
from av.video.reformatter import VideoReformatter

# (width, height) as shown, upright and with square pixels -> (width, height) to give.
PictureSize: TypeAlias = Callable[[int, int], tuple[int, int]]


Empty: TypeAlias = Callable[[tuple[int, ...]], np.ndarray]  # makes a uint8 array of a shape, to be filled


def empty_array(shape: tuple[int, ...]) -> np.ndarray:
    """Return a new uint8 array."""
    return np.empty(shape, np.uint8)


@dataclass(frozen=True)
class Delivery:
    """What becomes of wanted frames: their size, the array they go to, the threads at work (0: all cores)."""

    size: PictureSize
    empty: Empty = empty_array
    num_threads: int = 1


def square(size_px: int) -> PictureSize:
    """Return the size that stretches every video to a square."""
    return lambda width, height: (size_px, size_px)


def no_wider_than(width: int, height: int, limit_px: int) -> tuple[int, int]:
    """Shrink wide videos and leave all others; ``partial`` makes a ``PictureSize`` of it."""
    scale = min(1.0, limit_px / width)
    return max(2, round(width * scale)), max(2, round(height * scale))


class PictureMaker:
    """Turns frames into uint8 arrays (H, W, 3), RGB in [0, 255], or (H, W) where ``grey``; upright.

    Scaling and colour conversion are one pass of FFmpeg's scaler, which is kept from frame to frame: making
    it anew for each costs more than decoding.
    """

    def __init__(
        self,
        size: PictureSize,
        pixel_aspect: Fraction | None = None,
        *,
        grey: bool = False,
    ) -> None:
        """``pixel_aspect`` is the width of a stored pixel by its height; None: they are square."""
        self._size = size
        self._pixel_aspect = pixel_aspect or Fraction(1)
        self._format = "gray" if grey else "rgb24"
        self._scaler = VideoReformatter()
        self._shape: tuple[int, int] | None = None

    def picture(self, frame: av.VideoFrame) -> np.ndarray:
        """Return one frame as an array; all have the size of the first."""
        turns = frame.rotation // 90
        if self._shape is None:
            self._shape = self._stored_size(frame, upright=turns % 2 == 0)
        scaled = self._scaler.reformat(frame, *self._shape, self._format, interpolation="BILINEAR", threads=1)
        return np.rot90(scaled.to_ndarray(), turns) if turns else scaled.to_ndarray()

    def _stored_size(self, frame: av.VideoFrame, *, upright: bool) -> tuple[int, int]:
        """Return the width and height to scale to before the frame is turned."""
        width, height = round(frame.width * self._pixel_aspect), frame.height
        if upright:
            return self._size(width, height)
        height, width = self._size(height, width)
        return width, height
