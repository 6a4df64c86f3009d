"""How a clip is stored: container, codecs, rate, size and length, spread evenly and whatever the action."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

T = TypeVar("T")

# Container and video codec; HEVC has no agreed place in AVI.
FORMATS = (
    *(("avi", "mpeg4"), ("mp4", "h264"), ("mkv", "hevc"), ("mp4", "mpeg4")),
    *(("avi", "h264"), ("mkv", "mpeg4"), ("mp4", "hevc"), ("mkv", "h264")),
)
FRAME_RATES = (24, 25, 30, 60)
SIZES_PX = ((320, 240), (352, 288), (426, 240), (320, 180), (240, 320))
SOUNDS = ("none", "tone", "none", "noise")
AUDIO_CODECS = {"avi": "pcm_s16le", "mp4": "aac", "mkv": "aac"}
DURATIONS_SECONDS = (1.5, 2.5)


@dataclass(frozen=True)
class Recording:
    """Everything about a file that is not its content."""

    container: str  # avi, mp4 or mkv
    video_codec: str  # mpeg4, h264 or hevc
    fps: int
    width_px: int
    height_px: int
    num_frames: int
    sound: str  # none, tone or noise
    audio_codec: str  # empty: no audio track
    quality: float  # 0 coarse, 1 fine


def random_recordings(count: int, rng: np.random.Generator) -> list[Recording]:
    """Return ``count`` recordings in which every choice occurs as evenly as ``count`` allows."""
    formats, rates = _evenly(FORMATS, count, rng), _evenly(FRAME_RATES, count, rng)
    sizes, sounds = _evenly(SIZES_PX, count, rng), _evenly(SOUNDS, count, rng)
    seconds = rng.uniform(*DURATIONS_SECONDS, count)
    quality = rng.uniform(0, 1, count)
    return [
        Recording(
            container=formats[index][0],
            video_codec=formats[index][1],
            fps=rates[index],
            width_px=sizes[index][0],
            height_px=sizes[index][1],
            num_frames=round(float(seconds[index]) * rates[index]),
            sound=sounds[index],
            audio_codec="" if sounds[index] == "none" else AUDIO_CODECS[formats[index][0]],
            quality=float(quality[index]),
        )
        for index in range(count)
    ]


def _evenly(choices: Sequence[T], count: int, rng: np.random.Generator) -> list[T]:
    start = int(rng.integers(len(choices)))
    return [choices[(start + int(index)) % len(choices)] for index in rng.permutation(count)]
