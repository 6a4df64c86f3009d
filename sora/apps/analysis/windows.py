"""Where a video is divided: arithmetic on times only."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np


class ShotWindow(NamedTuple):
    """A part of a shot, in seconds from the first frame, and the place of the shot."""

    start_seconds: float
    end_seconds: float
    shot: int


def shot_windows(
    cuts_seconds: Sequence[float], duration_seconds: float, window_seconds: float
) -> list[ShotWindow]:
    """Divide each shot into the fewest equal windows that are no longer than ``window_seconds``.

    Together they are the whole video, without overlap; cuts outside it count for nothing.
    """
    inside = sorted({cut for cut in cuts_seconds if 0 < cut < duration_seconds})
    found = []
    for shot, (start, end) in enumerate(pairwise([0.0, *inside, duration_seconds])):
        count = max(1, math.ceil(round((end - start) / window_seconds, 6)))
        edges = np.linspace(start, end, count + 1).tolist()
        found += [ShotWindow(a, b, shot) for a, b in pairwise(edges)]
    return found


def even_moments(start_seconds: float, end_seconds: float, interval_seconds: float) -> list[float]:
    """Return the centres of the fewest equal parts that are no longer than ``interval_seconds``."""
    length = end_seconds - start_seconds
    count = max(1, math.ceil(round(length / interval_seconds, 6)))
    return [start_seconds + (place + 0.5) * length / count for place in range(count)]
