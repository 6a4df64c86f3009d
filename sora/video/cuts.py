"""Where a long video is cut: at the changes of shot, or into windows of equal length."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2

from sora.errors import VideoError
from sora.video.container import DecodeBreak, open_video, packets
from sora.video.read import WHOLE, TimedFrame, Window, iterate_frames

VERSION = 1  # raise it when the cuts of an unchanged file change
_SHOT_WIDTH_PX = 256  # what PySceneDetect scales to by itself
_MICROSECOND = Fraction(1, 1_000_000)


@dataclass(frozen=True)
class Shots:
    """Cut where the picture changes at once.

    Attributes:
        min_seconds: quicker changes, as in a flash, are one; no piece is shorter.
        threshold: change of hue, saturation and value, 0 to 255, that is a cut.
    """

    min_seconds: float
    threshold: float


@dataclass(frozen=True)
class Windows:
    """Cut every ``seconds``; a rest of less than half of that is no piece."""

    seconds: float

    @property
    def min_seconds(self) -> float:
        """The shortest piece."""
        return self.seconds / 2


@dataclass(frozen=True)
class Timeline:
    """How long a video is, and where it is to be cut; seconds from its first frame, rounded to ms."""

    duration_seconds: float
    cuts_seconds: list[float]


@dataclass(frozen=True)
class Piece:
    """A part of a video, and why it is left out, if it is."""

    window: Window
    skipped: str = ""


def find_cuts(path: Path, rule: Shots | Windows) -> Timeline:
    """Return where to cut a video; shots decode all of it, windows none.

    Raises:
        VideoError: nothing can be read.
    """
    if isinstance(rule, Windows):
        duration = _packet_seconds(path)
        return Timeline(duration, window_cuts(duration, rule.seconds))
    return shot_cuts(iterate_frames(path, shot_size), rule)


def window_cuts(duration_seconds: float, window_seconds: float) -> list[float]:
    """Return the ends of all windows that end before the video does."""
    count = math.ceil(round(duration_seconds / window_seconds, 6))
    return [round(number * window_seconds, 3) for number in range(1, count)]


def shot_cuts(frames: Iterable[TimedFrame], rule: Shots) -> Timeline:
    """Return the cuts between shots, midway between the last frame of one and the first of the next.

    Source: PySceneDetect's ContentDetector, with its default weights.

    Args:
        frames: all frames in display order, uint8 RGB (H, W, 3) of one size.
        rule: how much change is a cut, and how close cuts may be.
    """
    from scenedetect.common import FrameTimecode, Timecode
    from scenedetect.detectors import ContentDetector

    detector = ContentDetector(threshold=rule.threshold, min_scene_len=float(rule.min_seconds))
    times: list[int] = []  # microseconds
    found: list[int] = []
    for frame in frames:
        times.append(round(frame.time_seconds / _MICROSECOND))
        # The rate serves nothing here: the detector measures by these times.
        moment = FrameTimecode(Timecode(times[-1], _MICROSECOND), fps=30.0)
        picture = cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2BGR)
        found += [cut.pts for cut in detector.process_frame(moment, picture)]
    positions = [bisect_left(times, cut) for cut in found]
    cuts = [round((times[i - 1] + times[i]) / 2e6, 3) for i in positions]
    interval = times[-1] - times[-2] if len(times) > 1 else 0
    return Timeline(round((times[-1] + interval) / 1e6, 3), cuts)


def pieces(timeline: Timeline, min_seconds: float) -> list[Piece]:
    """Return the pieces of a video in order; one that needs no cut stays whole.

    The last piece has no end, so that nothing is lost where the end is uncertain.
    """
    if not timeline.cuts_seconds:
        return [Piece(WHOLE)]
    return list(_pieces(timeline, min_seconds))


def _pieces(timeline: Timeline, min_seconds: float) -> Iterator[Piece]:
    for start, end in pairwise([0.0, *timeline.cuts_seconds, math.inf]):
        length = min(end, timeline.duration_seconds) - start
        short = f"lasts {length:.3g} s, at least {min_seconds:g} expected" if length < min_seconds else ""
        yield Piece(Window(start, end), short)


def shot_size(width: int, height: int) -> tuple[int, int]:
    """Return the width and height of pictures in which cuts are looked for, of a video shown at these."""
    scale = min(1.0, _SHOT_WIDTH_PX / width)
    return max(2, round(width * scale)), max(2, round(height * scale))


def _packet_seconds(path: Path) -> float:
    """Return the time from the first frame to the end of the last, or to where reading breaks."""
    first, last = math.inf, -math.inf
    with open_video(path) as (container, stream):
        for packet in packets(container, stream):
            if isinstance(packet, DecodeBreak) or not packet.size:
                continue
            stamp = packet.dts if packet.pts is None else packet.pts
            if stamp is not None and not packet.is_discard:
                first, last = min(first, stamp), max(last, stamp + (packet.duration or 0))
        if first > last or not stream.time_base:
            raise VideoError("holds no pictures with times; it cannot be cut")
        return round((last - first) * float(stream.time_base), 3)
