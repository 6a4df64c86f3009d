"""What child processes read of a video for its analysis; light to import, for every child pays."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sora.apps.analysis.content import Facts
from sora.clip import read_clean_clip
from sora.errors import VideoError
from sora.frames.spec import ClipSpec
from sora.video.container import open_video
from sora.video.cuts import Shots, Windows, find_cuts, shot_cuts, shot_size
from sora.video.pictures import square
from sora.video.read import TimedFrame, Window, iterate_frames, read_frames

LOOK_SIZE_PX = 256  # of the pictures that are judged for safety
CHUNK_SECONDS = 20.0  # of frames that are in memory at once while cuts are looked for
_LEAD_SECONDS = 2.0  # the detector knows nothing of what came before, and tells a cut late


class Part(NamedTuple):
    """What is read of one window.

    Attributes:
        clip: uint8 RGB (T * K, S, S, 3), clean, or None where there is none.
        reason: what could not be read, and why; empty where nothing is missing.
        looks: uint8 RGB (L, 256, 256, 3), stretched; L may be 0.
        look_times: float64 (L,), seconds from the first frame of the video.
    """

    clip: np.ndarray | None
    reason: str
    looks: np.ndarray
    look_times: np.ndarray


def read_facts(path: Path) -> tuple[Facts, list[float]]:
    """Return what the packets of a file say of it, and where to divide the search for cuts; decodes a frame.

    Raises:
        VideoError: it is no video, or nothing decodes.
    """
    line = find_cuts(path, Windows(CHUNK_SECONDS))
    shown = next(iterate_frames(path, _as_shown)).pixels.shape
    with open_video(path) as (container, stream):
        fps = float(stream.average_rate or stream.guessed_rate or 0)
        facts = Facts(
            duration_seconds=max(line.duration_seconds, 1 / (fps or 25)),  # one frame has no end
            width=shown[1],
            height=shown[0],
            fps=round(fps, 4),
            video_codec=stream.codec_context.codec.canonical_name,
            has_audio=bool(container.streams.audio),
        )
    return facts, line.cuts_seconds


def cuts_between(path: Path, rule: Shots, start_seconds: float, end_seconds: float) -> list[float]:
    """Return the cuts from ``start_seconds`` up to ``end_seconds``, in seconds from the first frame.

    The frames of that part are in memory together. A little more is looked at on both sides, so that parts
    that meet find each cut once.

    Raises:
        VideoError: nothing decodes.
    """
    ends = [start_seconds - _LEAD_SECONDS, end_seconds + _LEAD_SECONDS]

    def choose(times: np.ndarray) -> Sequence[int]:
        first, stop = np.searchsorted(times, ends)
        return range(min(first, len(times) - 1), max(stop, 1))

    frames = read_frames(path, choose, shot_size)
    timed = map(TimedFrame, frames.times.tolist(), frames.pixels)
    return [cut for cut in shot_cuts(timed, rule).cuts_seconds if start_seconds <= cut < end_seconds]


def read_part(path: Path, spec: ClipSpec, window: Window, looks_seconds: Sequence[float]) -> Part:
    """Read the clean clip of a window, and the frames shown at ``looks_seconds``.

    What cannot be read is missing in the answer, with the reason; nothing is raised for it.
    """
    clip, reason = None, ""
    try:
        clip = read_clean_clip(path, spec, window).pixels
    except VideoError as error:
        reason = str(error)
    try:
        return Part(clip, reason, *_frames_at(path, looks_seconds))
    except VideoError as error:
        return Part(clip, reason or str(error), *_NOTHING)


_NOTHING = np.empty((0, LOOK_SIZE_PX, LOOK_SIZE_PX, 3), np.uint8), np.empty(0)


def _frames_at(path: Path, seconds: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    if not len(seconds):
        return _NOTHING

    def choose(times: np.ndarray) -> Sequence[int]:
        places = np.searchsorted(times, seconds, side="right") - 1
        return np.unique(places.clip(0)).tolist()

    frames = read_frames(path, choose, square(LOOK_SIZE_PX))
    return frames.pixels, frames.times


def _as_shown(width: int, height: int) -> tuple[int, int]:
    return width, height
