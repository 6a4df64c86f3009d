"""How well a network enlarges a held-out clip; called in child processes, so light to import."""

from pathlib import Path
from statistics import mean
from typing import NamedTuple

import cv2
import numpy as np

from sora.enhance.enlarging import enlarge
from sora.enhance.own import LUMA, OwnEnlarger, lanczos
from sora.upscaler.patches import Source, shrunk, spread_frames

LEAST_PX = 32  # of a side of a clip to judge by
_BORDER_PX = 8  # is left out, as is usual
_LEAST_ERROR = 0.01  # squared, in levels; pictures that are exactly the same would be infinitely near


class Decibels(NamedTuple):
    """Mean PSNR of luma, by the network and by interpolation."""

    network: float
    lanczos: float
    bicubic: float


class Held(NamedTuple):
    """A clip to judge by, and the file of the network."""

    source: Source
    network: str


def judge_clip(held: Held) -> Decibels:
    """Shrink frames of a clip, enlarge them again in each way, and compare.

    Raises:
        VideoError: nothing decodes, or the frames are too small.
    """
    network = OwnEnlarger(Path(held.network).read_bytes())
    found = [_compare(frame, network) for frame in spread_frames(held.source)]
    return Decibels(*(mean(column) for column in zip(*found, strict=True)))


def psnr(truth: np.ndarray, made: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio of the luma of two uint8 RGB pictures, in decibels."""
    inner = slice(_BORDER_PX, -_BORDER_PX)
    difference = (truth.astype(np.float64) - made)[inner, inner] @ LUMA.astype(np.float64)
    return float(10 * np.log10(255**2 / max(np.mean(difference**2), _LEAST_ERROR)))


def _compare(truth: np.ndarray, network: OwnEnlarger) -> tuple[float, float, float]:
    small = shrunk(truth)
    bicubic = cv2.resize(small, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    return psnr(truth, enlarge(small, network, 2)), psnr(truth, lanczos(small)), psnr(truth, bicubic)
