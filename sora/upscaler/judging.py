"""What held-out clips say of a network, beside Lanczos and bicubic interpolation."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import NamedTuple

import cv2
import numpy as np

from sora.enhance.enlarging import enlarge
from sora.enhance.own import LUMA, Judged, Judgement, OwnEnlarger, lanczos
from sora.evaluation.intervals import mean_interval
from sora.upscaler.patches import Source, shrunk, spread_frames

LEAST_PX = 32  # of a side of a clip to judge by
_BORDER_PX = 8  # is left out, as is usual
_LEAST_ERROR = 0.01  # squared, in levels; pictures that are exactly the same would be infinitely near
_MOST_GAIN_DB = 20.0


class Held(NamedTuple):
    """A clip to judge by: its path in the manifest, the video, and the file of the network."""

    path: str
    source: Source
    network: str


def judge_clip(held: Held) -> Judged:
    """Shrink frames of a clip, enlarge them again in each way, and compare; called in child processes.

    Raises:
        VideoError: nothing decodes, or the frames are too small.
    """
    network = OwnEnlarger(Path(held.network).read_bytes())
    found = [_compare(frame, network) for frame in spread_frames(held.source)]
    return Judged(held.path, *(mean(column) for column in zip(*found, strict=True)))


def judgement(
    network_hash: str, clips: list[Judged], groups: Sequence[str], unread: dict[str, str]
) -> Judgement:
    """Return what all clips say together; ``groups`` names the source of each, for its clips are alike."""
    gains = np.array([clip.network_db - clip.lanczos_db for clip in clips])
    bounds = -_MOST_GAIN_DB, _MOST_GAIN_DB
    interval = mean_interval(gains.clip(*bounds), list(groups), bounds)
    return Judgement(
        network_hash=network_hash,
        beats_lanczos=interval.low > 0,
        network_db=mean(clip.network_db for clip in clips),
        lanczos_db=mean(clip.lanczos_db for clip in clips),
        bicubic_db=mean(clip.bicubic_db for clip in clips),
        gain_db=float(gains.mean()),
        gain_interval_db=(interval.low, interval.high),
        clips=clips,
        unread=unread,
    )


def psnr(truth: np.ndarray, made: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio of the luma of two uint8 RGB pictures, in decibels."""
    inner = slice(_BORDER_PX, -_BORDER_PX)
    difference = (truth.astype(np.float64) - made)[inner, inner] @ LUMA.astype(np.float64)
    return float(10 * np.log10(255**2 / max(np.mean(difference**2), _LEAST_ERROR)))


def _compare(truth: np.ndarray, network: OwnEnlarger) -> tuple[float, float, float]:
    small = shrunk(truth)
    bicubic = cv2.resize(small, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    return psnr(truth, enlarge(small, network, 2)), psnr(truth, lanczos(small)), psnr(truth, bicubic)
