"""Which frames may be chosen, and in a word why the others may not."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from sora.frames.spec import SelectionSpec
from sora.frames.survey import Survey

VERSION = 1  # raise it when other frames are dropped
DUPLICATE = "duplicate"

_EQUAL_LEVELS = 0.05  # what a codec changes where it repeats a frame


def drop_reasons(survey: Survey, spec: SelectionSpec) -> np.ndarray:
    """Return for each surveyed frame why it is dropped, str (N,); empty for a frame that is kept."""
    checks = {
        "dark": survey.brightness < spec.min_brightness,
        "over-exposed": survey.brightness > spec.max_brightness,
        "still": still_ends(survey.local_change, spec.static_change),
        "frozen": frozen_frames(survey.times, survey.change, spec.frozen_seconds),
        DUPLICATE: duplicate_frames(survey.change) & spec.drop_duplicates,
        "blurred": blurred_frames(survey.sharpness, spec.min_relative_sharpness),
        "too fast": (survey.speed > spec.max_speed) & (spec.max_speed > 0),
    }
    return np.select(list(checks.values()), list(checks), default="")


def still_ends(local_change: np.ndarray, static_change: float) -> np.ndarray:
    """Return bool (N,): the head and the tail in which nothing moves.

    Args:
        local_change: float (N,), see ``Survey``; the first entry is not looked at.
        static_change: grey levels; what stays at or below it is still. 0 finds nothing. A video that is still
            throughout has no head and no tail.
    """
    still = np.zeros(len(local_change), bool)
    moves = np.flatnonzero(local_change[1:] > static_change) + 1  # between the frame before and this one
    if static_change > 0 and len(moves):
        still[: moves[0] - 1] = True
        still[moves[-1] + 1 :] = True
    return still


def duplicate_frames(change: np.ndarray) -> np.ndarray:
    """Return bool (N,): frames equal to the one before, by their ``change``, float (N,) (see ``Survey``)."""
    equal = change <= _EQUAL_LEVELS
    equal[:1] = False
    return equal


def frozen_frames(times: np.ndarray, change: np.ndarray, frozen_seconds: float) -> np.ndarray:
    """Return bool (N,): the repeats of pictures that stand still for ``frozen_seconds`` or longer.

    Args:
        times: float (N,), seconds.
        change: float (N,), see ``Survey``.
        frozen_seconds: from a picture's first frame to its last; 0 finds nothing.
    """
    repeats = duplicate_frames(change)
    if frozen_seconds == 0 or not repeats.any():
        return np.zeros(len(times), bool)
    picture = np.cumsum(~repeats) - 1  # the number of the picture that each frame shows
    first = np.flatnonzero(~repeats)
    last = np.append(first[1:] - 1, len(times) - 1)
    return repeats & (times[last] - times[first] >= frozen_seconds)[picture]


def blurred_frames(sharpness: np.ndarray, min_relative: float) -> np.ndarray:
    """Return bool (N,): ``sharpness``, float (N,), below ``min_relative`` times its median."""
    return sharpness < min_relative * np.median(sharpness)


def describe_reasons(reasons: Iterable[str]) -> str:
    """Return what was dropped in words, the most frequent first: ``100 dark, 64 frozen``."""
    counts = Counter(str(reason) for reason in reasons if reason)
    return ", ".join(f"{count} {reason}" for reason, count in counts.most_common())
