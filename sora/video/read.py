"""Reading chosen frames of a video, exact against a full sequential read."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np

from sora.errors import VideoError
from sora.video.container import DecodeBreak, count_packets, decode, open_video

VERSION = 1  # raise it when the pixels of an unchanged file change

ChooseFrames: TypeAlias = Callable[[int, float], Sequence[int]]
DecodedSize: TypeAlias = Callable[[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Window:
    """A part of a video: from ``start_seconds`` up to, not including, ``end_seconds``."""

    start_seconds: float = 0.0
    end_seconds: float = math.inf


WHOLE = Window()


@dataclass(frozen=True)
class TimedFrame:
    """One frame: its time from the first frame, and uint8 RGB (H, W, 3) or grey (H, W), upright."""

    time_seconds: float
    pixels: np.ndarray


@dataclass(frozen=True)
class ChosenFrames:
    """Frames of one video.

    Attributes:
        pixels: uint8 (N, size, size, 3), RGB in [0, 255], upright.
        num_frames: how many frames of the video decode before the first error.
        warning: empty, or where and why decoding broke.
    """

    pixels: np.ndarray
    num_frames: int
    warning: str


def read_frames(path: Path, choose: ChooseFrames, size_px: int) -> ChosenFrames:
    """Read the frames that ``choose(num_frames, fps)`` names, stretched to a square of ``size_px``.

    Indices may come in any order and more than once. The number of frames is first taken from the
    packets; where it turns out wrong the file is read once more with the true one.

    Raises:
        VideoError: nothing decodes.
    """
    planned = count_packets(path)
    reading = _read_once(path, choose, size_px, planned)
    if reading.num_frames != planned and reading.num_frames > 0:
        reading = _read_once(path, choose, size_px, reading.num_frames)
    if reading.num_frames == 0:
        raise VideoError(f"no frame decodes{reading.warning and ': ' + reading.warning}")
    return reading


def _read_once(path: Path, choose: ChooseFrames, size_px: int, num_frames: int) -> ChosenFrames:
    with open_video(path) as (container, stream):
        fps = float(stream.average_rate or stream.guessed_rate or 0)
        chosen = list(choose(num_frames, fps)) if num_frames else []
        wanted = frozenset(chosen)
        pictures: dict[int, np.ndarray] = {}
        count, warning = 0, ""
        for item in decode(container, stream):
            if isinstance(item, DecodeBreak):
                warning = f"breaks after frame {count}: {item.reason}"
                break
            if count in wanted:
                pictures[count] = _picture(item, size_px)
            count += 1
    complete = wanted <= pictures.keys() and chosen
    pixels = np.stack([pictures[i] for i in chosen]) if complete else np.empty((0, size_px, size_px, 3), "u1")
    return ChosenFrames(pixels, count, warning)


def _picture(frame: av.VideoFrame, size_px: int) -> np.ndarray:
    pixels = frame.reformat(size_px, size_px, "rgb24", interpolation="BILINEAR").to_ndarray()
    return np.rot90(pixels, frame.rotation // 90)


def iterate_frames(
    path: Path, size: DecodedSize, *, grey: bool = False, window: Window = WHOLE
) -> Iterator[TimedFrame]:
    """Yield every frame of ``window`` in display order, up to the first damage (a stand-in, to be replaced).

    Raises:
        VideoError: nothing decodes.
    """
    with open_video(path) as (container, stream):
        first: float | None = None
        for item in decode(container, stream):
            if isinstance(item, DecodeBreak):
                break
            first = item.time if first is None else first
            time = round(item.time - first, 6)
            if window.start_seconds <= time < window.end_seconds:
                pixels = item.reformat(
                    *size(item.width, item.height), "gray" if grey else "rgb24"
                ).to_ndarray()
                yield TimedFrame(time, np.rot90(pixels, item.rotation // 90))
        if first is None:
            raise VideoError("no frame decodes")
