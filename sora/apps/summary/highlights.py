"""The highlight video: a moment around each key frame, cut out and joined."""

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from sora.apps.summary.keys import KeyFrame
from sora.apps.summary.sound import RATE, read_sound
from sora.atomic import replacing
from sora.errors import VideoError
from sora.guard import Guard
from sora.video.read import Window

_MAX_SHARE, _MAX_SECONDS = 0.35, 30.0  # of the highlights, of the video's length and in all
_MIN_PIECE_SECONDS, _MAX_PIECE_SECONDS = 1.0, 3.0
_MAX_FPS = 30.5
_MAX_WIDTH_PX = 640
_TICKS = 12_800  # a second; a whole number for all usual frame rates but those of NTSC, and exact to 0.1 ms
_AAC_FRAME = 1024
_VIDEO_OPTIONS = {"crf": "23", "preset": "veryfast"}


def pieces(frames: Sequence[KeyFrame], duration_seconds: float) -> list[Window]:
    """Return the parts of a video that are shown, in order: one around each key frame, in its window.

    Together they last about a third of the video, 30 s at most, and a second each at least; those that touch
    are one.
    """
    target = min(_MAX_SECONDS, _MAX_SHARE * duration_seconds)
    length = min(max(target / len(frames), _MIN_PIECE_SECONDS), _MAX_PIECE_SECONDS)
    found: list[Window] = []
    for frame in frames:
        latest = max(frame.start_seconds, frame.end_seconds - length)
        start = min(max(frame.seconds - length / 2, frame.start_seconds), latest)
        end = min(start + length, frame.end_seconds)
        if found and start <= found[-1].end_seconds:
            start = found.pop().start_seconds
        found.append(Window(start, end))
    return found


def write_highlights(path: Path, guard: Guard, shown: Sequence[Window], output: Path) -> str:
    """Write the parts of a video as one MP4, H.264 and AAC, at most 640 px wide and 30 frames per second.

    Returns:
        Why there is no sound, where the video has one; else empty.

    Raises:
        VideoError: a part cannot be read.
    """
    sounds, reason = _sounds(path, guard, shown)
    options = {"movflags": "+faststart"}
    with replacing(output) as temporary, av.open(str(temporary), "w", options=options) as file:
        pictures = file.add_stream("libx264", rate=25, options=_VIDEO_OPTIONS)
        pictures.codec_context.time_base = Fraction(1, _TICKS)
        sound = file.add_stream("aac", rate=RATE, layout="stereo") if sounds else None
        ends = _write_pictures(file, pictures, path, guard, shown)
        if sound is not None:
            edges = [round(end * RATE) for end in (0.0, *ends)]
            parts = zip(sounds, pairwise(edges), strict=True)
            track = [_fitted(samples, stop - start) for samples, (start, stop) in parts]
            _write_sound(file, sound, np.concatenate(track, axis=1))
    return reason


def _write_pictures(
    file: OutputContainer, stream: VideoStream, path: Path, guard: Guard, shown: Sequence[Window]
) -> list[float]:
    """Write the frames of each part; return where each ends in the highlights, in seconds."""
    ends: list[float] = []
    for window in shown:
        frames = guard.read_frames(path, partial(_choose, window=window), _size)
        if not ends:
            stream.height, stream.width = frames.pixels.shape[1:3]
            stream.pix_fmt = "yuv420p"
        times = frames.times - frames.times[0] + (ends[-1] if ends else 0.0)
        for pixels, seconds in zip(frames.pixels, times.tolist(), strict=True):
            file.mux(stream.encode(_video_frame(pixels, seconds)))
        ends.append(float(times[-1]) + _interval(times))
    file.mux(stream.encode())
    return ends


def _choose(times: np.ndarray, window: Window) -> Sequence[int]:
    first, stop = np.searchsorted(times, [window.start_seconds, window.end_seconds])
    first = min(int(first), len(times) - 1)
    length = window.end_seconds - window.start_seconds
    return range(first, max(int(stop), first + 1), max(1, math.ceil((stop - first) / (_MAX_FPS * length))))


def _size(width: int, height: int) -> tuple[int, int]:
    scale = min(1.0, _MAX_WIDTH_PX / width)
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def _interval(times: np.ndarray) -> float:
    return float(np.median(np.diff(times))) if len(times) > 1 else 1 / 25


def _video_frame(pixels: np.ndarray, seconds: float) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24")
    frame.pts, frame.time_base = round(seconds * _TICKS), Fraction(1, _TICKS)
    return frame


def _sounds(path: Path, guard: Guard, shown: Sequence[Window]) -> tuple[list[np.ndarray], str]:
    try:
        return guard.call(read_sound, path, list(shown)), ""
    except VideoError as error:
        return [], f"its sound cannot be read: {error}"


def _fitted(samples: np.ndarray, count: int) -> np.ndarray:
    """Cut samples, float32 (2, n), or add silence."""
    return np.pad(samples[:, :count], ((0, 0), (0, max(0, count - samples.shape[1]))))


def _write_sound(file: OutputContainer, stream: AudioStream, samples: np.ndarray) -> None:
    for start in range(0, samples.shape[1], _AAC_FRAME):
        part = _fitted(samples[:, start:], _AAC_FRAME)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part, np.float32), "fltp", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        file.mux(stream.encode(frame))
    file.mux(stream.encode())
