"""From decoded frames to upright RGB and back, without a shift in colour."""

from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

# FFmpeg's SWS_FULL_CHR_H_INT, SWS_FULL_CHR_H_INP and SWS_ACCURATE_RND. Without them the scaler takes short
# cuts that darken a picture by a level of 255 and repeat colours over blocks of 2 x 2 px.
_EXACT = 0x2000 | 0x4000 | 0x40000
_BICUBIC, _AREA = 4 | _EXACT, 0x20 | _EXACT
_RGB, _UNSPECIFIED = 0, 2
_BT709, _SMPTE170M = 1, 6
_HD_HEIGHT_PX = 720


@dataclass(frozen=True)
class Colours:
    """How the numbers of a frame are meant, in the codes of ITU-T H.273; ``range`` is FFmpeg's own."""

    space: int
    range: int
    primaries: int
    transfer: int


def colours_of(frame: av.VideoFrame) -> Colours:
    """Return the colours of a frame; a space that is not told is the one that players assume.

    They go by the height, which may change here, so that it is better told. A result is never RGB.
    """
    space = int(frame.colorspace)
    if space in (_RGB, _UNSPECIFIED):
        space = _BT709 if frame.height >= _HD_HEIGHT_PX else _SMPTE170M
    return Colours(space, int(frame.color_range), int(frame.color_primaries), int(frame.color_trc))


@dataclass(frozen=True)
class Orientation:
    """How a stored picture is turned to be shown: first the axes are swapped, then each may be flipped."""

    swaps: bool = False
    flips_x: bool = False
    flips_y: bool = False

    def upright(self, pixels: np.ndarray) -> np.ndarray:
        """Return stored pixels (H, W, 3) as they are shown."""
        turned = pixels.transpose(1, 0, 2) if self.swaps else pixels
        turned = turned[:, ::-1] if self.flips_x else turned
        turned = turned[::-1] if self.flips_y else turned
        return np.ascontiguousarray(turned)


def orientation_of(frame: av.VideoFrame) -> Orientation:
    """Return how a frame is to be shown, from the display matrix of its container."""
    data: Any = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return Orientation()
    # x' = a x + c y and y' = b x + d y, in FFmpeg's order of the nine numbers
    a, b, _, c, d, *_ = np.frombuffer(data, np.int32).tolist()
    swaps = abs(b) > abs(a)
    return Orientation(swaps, (c if swaps else a) < 0, (b if swaps else d) < 0)


class ToRGB:
    """Turns decoded frames into uint8 RGB (H, W, 3), upright, all of the stored size that is given."""

    def __init__(self, width: int, height: int, colours: Colours, orientation: Orientation) -> None:
        self._size = width, height
        self._colours, self._orientation = colours, orientation
        self._scaler = VideoReformatter()

    def __call__(self, frame: av.VideoFrame) -> np.ndarray:
        """Return the pixels of a frame, which nobody may write to."""
        scaled = self._scaler.reformat(
            frame, *self._size, "rgb24", interpolation=_BICUBIC, src_colorspace=self._colours.space, threads=1
        )
        pixels = self._orientation.upright(scaled.to_ndarray())
        pixels.flags.writeable = False
        return pixels


class FromRGB:
    """Turns uint8 RGB (H, W, 3) into frames of the pixel format and colours that are given."""

    def __init__(self, pixel_format: str, colours: Colours) -> None:
        self._format, self._colours = pixel_format, colours
        self._scaler = VideoReformatter()

    def __call__(self, pixels: np.ndarray) -> av.VideoFrame:
        """Return a frame without a time."""
        given = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24")
        return self._scaler.reformat(
            given,
            format=self._format,
            interpolation=_AREA,
            dst_colorspace=self._colours.space,
            dst_color_range=self._colours.range,
            threads=1,
        )
