"""The sound of parts of a video; for child processes, and light to import."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.container import InputContainer

from sora.errors import VideoError
from sora.video.container import open_video
from sora.video.read import Window

RATE = 48_000  # samples a second
_EARLY_SECONDS = 0.5  # from there to decode, for the first packets after a jump may not sound


def read_sound(path: Path, windows: Sequence[Window]) -> list[np.ndarray]:
    """Return the sound of each window, float32 (2, n) at 48 kHz; an empty list where the video has none.

    It begins with the window, to a frame; what is missing at its begin is silent, what at its end absent.

    Raises:
        VideoError: it does not decode.
    """
    with open_video(path) as (container, stream):
        if not container.streams.audio:
            return []
        first = float((stream.start_time or 0) * (stream.time_base or 0))
        try:
            return [_samples(container, window, first) for window in windows]
        except (av.error.FFmpegError, ValueError) as error:
            raise VideoError(" ".join(str(error).split())) from error


def _samples(container: InputContainer, window: Window, first: float) -> np.ndarray:
    start = first + window.start_seconds
    container.seek(round(max(0.0, start - _EARLY_SECONDS) * av.time_base))
    resampler = AudioResampler("fltp", "stereo", RATE)
    found: list[np.ndarray] = [np.empty((2, 0), np.float32)]
    begins = start
    for frame in _frames(container, first + window.end_seconds):
        if len(found) == 1:
            begins = float(frame.time or 0.0)
        found += [part.to_ndarray() for part in resampler.resample(frame)]
    samples, late = np.concatenate(found, axis=1), round((begins - start) * RATE)
    padded = np.pad(samples, ((0, 0), (max(0, late), 0)))[:, max(0, -late) :]
    return padded[:, : round((window.end_seconds - window.start_seconds) * RATE)]


def _frames(container: InputContainer, end: float) -> Iterator[av.AudioFrame]:
    for frame in container.decode(audio=0):
        if frame.time is not None and frame.time >= end:
            return
        yield frame
