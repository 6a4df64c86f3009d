"""Reading frames of a video: chosen ones, exact against a sequential read, or all of them one by one."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from sora.errors import VideoError
from sora.video.container import DecodeBreak, decode, open_video
from sora.video.index import guess_times, index_frames, scan_packets
from sora.video.indexed import read_indexed
from sora.video.pictures import Delivery, Empty, PictureMaker, PictureSize, empty_array

VERSION = 2  # raise it when the pixels of an unchanged file change

# Times of all frames, float64 (N,), in seconds from the first -> places of the wanted ones, in any order.
ChooseFrames: TypeAlias = Callable[[np.ndarray], Sequence[int]]


@dataclass(frozen=True)
class Window:
    """The part of a video from ``start_seconds`` up to, not including, ``end_seconds``."""

    start_seconds: float = 0.0
    end_seconds: float = math.inf


WHOLE = Window()


@dataclass(frozen=True)
class ChosenFrames:
    """Frames of one video.

    Attributes:
        pixels: uint8 (K, H, W, 3), RGB in [0, 255], upright.
        times: float64 (K,), in seconds from the first frame of the window.
        num_frames: how many frames there were to choose from: those of the window before the first error.
        warning: empty, or where and why decoding broke.
    """

    pixels: np.ndarray
    times: np.ndarray
    num_frames: int
    warning: str


class TimedFrame(NamedTuple):
    """A frame, uint8 as ``PictureMaker`` gives it, and its time in seconds from the first of the video."""

    time_seconds: float
    pixels: np.ndarray


def read_frames(
    path: Path,
    choose: ChooseFrames,
    size: PictureSize,
    window: Window = WHOLE,
    *,
    num_threads: int = 1,
    empty: Empty = empty_array,
) -> ChosenFrames:
    """Read the frames that ``choose(times)`` names; places may come in any order and more than once.

    Where the packets of the file tell which frame is where, only what the wanted frames need is decoded, and
    damage in between is not looked for. Other files, and those in which a wanted frame does not decode, are
    read through from the first frame on, and end at the first error.

    Raises:
        VideoError: nothing decodes, or nothing lies in the window.
    """
    delivery = Delivery(size, empty, num_threads)
    with open_video(path, num_threads=num_threads) as (container, stream):
        table = scan_packets(container, stream)
        unit, fps = float(stream.time_base or 0), float(stream.average_rate or stream.guessed_rate or 0)
        index = index_frames(table, stream.codec_context.name, unit)
        if index is not None:
            first, chosen, times = _choose(index.times, choose, window)
            frames = np.array(chosen, np.int64) + first
            pixels = read_indexed(path, (container, stream), index, frames, delivery)
            if pixels is not None:
                return ChosenFrames(pixels, times[chosen], len(times), "")
    return _read_through(path, guess_times(table, unit, fps), choose, window, delivery)


def iterate_frames(
    path: Path, size: PictureSize, *, grey: bool = False, window: Window = WHOLE, num_threads: int = 1
) -> Iterator[TimedFrame]:
    """Yield every frame in display order, in memory that does not grow; ends at the first error.

    Raises:
        VideoError: nothing decodes.
    """
    count = 0
    with open_video(path, num_threads=num_threads) as (container, stream):
        maker = PictureMaker(size, stream.sample_aspect_ratio, grey=grey)
        for frame, seconds in timed(container, stream):
            if isinstance(frame, DecodeBreak):
                break
            count += 1
            if seconds >= window.end_seconds:
                return
            if seconds >= window.start_seconds:
                yield TimedFrame(seconds, maker.picture(frame))
    if not count:
        raise VideoError("no frame decodes")


def _read_through(
    path: Path, times: np.ndarray, choose: ChooseFrames, window: Window, delivery: Delivery
) -> ChosenFrames:
    """Read once by the times that the packets promise, and once more where decoding gives others."""
    for _ in range(2):
        first, chosen, in_window = _choose(times, choose, window) if len(times) else (0, [], times)
        reading = _decode_all(path, {first + place for place in chosen}, delivery.size)
        if len(reading.times) == 0:
            raise VideoError(f"no frame decodes{reading.warning and ': ' + reading.warning}")
        if len(reading.times) == len(times):
            break
        times = reading.times
    pictures = [reading.pictures[first + place] for place in chosen]
    pixels = delivery.empty((len(pictures), *(pictures[0].shape if pictures else (0, 0, 3))))
    for place, picture in enumerate(pictures):
        pixels[place] = picture
    return ChosenFrames(pixels, in_window[chosen], len(in_window), reading.warning)


class _Reading(NamedTuple):
    pictures: dict[int, np.ndarray]
    times: np.ndarray
    warning: str


def _decode_all(path: Path, wanted: set[int], size: PictureSize) -> _Reading:
    pictures: dict[int, np.ndarray] = {}
    times: list[float] = []
    with open_video(path) as (container, stream):
        maker = PictureMaker(size, stream.sample_aspect_ratio)
        for frame, seconds in timed(container, stream):
            if isinstance(frame, DecodeBreak):
                reason = f"breaks after frame {len(times)}: {frame.reason}"
                return _Reading(pictures, np.array(times), reason)
            if len(times) in wanted:
                pictures[len(times)] = maker.picture(frame)
            times.append(seconds)
    return _Reading(pictures, np.array(times), "")


def timed(
    container: InputContainer, stream: VideoStream, *, past_errors: bool = False
) -> Iterator[tuple[av.VideoFrame | DecodeBreak, float]]:
    """Yield frames with their times; where there is no time stamp they are counted at the stream's rate."""
    gap = 1 / float(stream.average_rate or stream.guessed_rate or 25)
    start: float | None = None
    seconds = -gap
    for item in decode(container, stream, past_errors=past_errors):
        stamped = None if isinstance(item, DecodeBreak) else item.time
        seconds = seconds + gap if stamped is None else stamped - (start or 0.0)
        if start is None and stamped is not None:
            start, seconds = stamped, 0.0
        yield item, seconds


def _choose(times: np.ndarray, choose: ChooseFrames, window: Window) -> tuple[int, list[int], np.ndarray]:
    """Return the place of the window's first frame, the chosen places from there, and the window's times."""
    first, stop = np.searchsorted(times, [window.start_seconds, window.end_seconds])
    if first >= stop:
        raise VideoError(
            f"has no frame from {window.start_seconds:g} to {window.end_seconds:g} s; "
            f"its last is at {times[-1]:.2f} s"
        )
    in_window = times[first:stop] - times[first]
    return int(first), [int(place) for place in choose(in_window)], in_window
