"""From a score for each window to ranges of time: arithmetic on arrays only."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

_TOUCHING_SECONDS = 0.01  # windows whose ends are so near have nothing between them


@dataclass(frozen=True)
class Smoothing:
    """When a score begins and ends a range.

    Attributes:
        enter, stay: a range begins where the score reaches ``enter`` and lasts while it is at least ``stay``
            (two thresholds, so that a score near one of them does not flicker: Schmitt's trigger).
        median_windows: odd; each score becomes the median of so many windows of its shot; 1 changes nothing.
        max_gap_seconds: ranges so close are one.
        min_seconds: ranges shorter than this are dropped.
    """

    enter: float
    stay: float
    median_windows: int = 3
    max_gap_seconds: float = 2.0
    min_seconds: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.stay <= self.enter <= 1:
            raise ValueError(f"0 <= stay <= enter <= 1 expected, got stay {self.stay}, enter {self.enter}")
        if self.median_windows < 1 or not self.median_windows % 2:
            raise ValueError(f"median_windows must be odd, got {self.median_windows}")


@dataclass(frozen=True)
class TimeRange:
    """Where something is seen, in seconds, with the mean and the highest score of the windows there."""

    start_seconds: float
    end_seconds: float
    confidence: float
    peak: float


def time_ranges(
    starts: np.ndarray, ends: np.ndarray, shots: np.ndarray, scores: np.ndarray, smoothing: Smoothing
) -> list[TimeRange]:
    """Return the ranges in which a score is high, in order; the mean is weighted by length.

    Args:
        starts, ends: float (W,), seconds, of windows in order that do not overlap.
        shots: int (W,), of each window; what is seen in one says nothing of the next.
        scores: float (W,) in [0, 1].
        smoothing: the rule.
    """
    smooth = median_within(scores, shots, smoothing.median_windows)
    goes_on = (starts[1:] - ends[:-1] <= _TOUCHING_SECONDS) & (shots[1:] == shots[:-1])
    lasting = hysteresis(smooth, np.concatenate([[False], goes_on]), smoothing.enter, smoothing.stay)
    found = []
    for places in _merged(lasting, starts, ends, smoothing.max_gap_seconds):
        start, end = float(starts[places[0]]), float(ends[places[-1]])
        if end - start >= smoothing.min_seconds:
            lengths = (ends - starts)[places]
            mean = float(np.average(scores[places], weights=lengths))
            found.append(TimeRange(start, end, mean, float(scores[places].max())))
    return found


def median_within(scores: np.ndarray, shots: np.ndarray, size: int) -> np.ndarray:
    """Return medians of ``size`` neighbours, float (W,), within each run of equal ``shots``; ends repeat."""
    smooth = np.array(scores, np.float64)
    for places in _runs(np.concatenate([[True], shots[1:] != shots[:-1]])):
        padded = np.pad(smooth[places], size // 2, mode="edge")
        smooth[places] = np.median(np.lib.stride_tricks.sliding_window_view(padded, size), axis=1)
    return smooth


def hysteresis(scores: np.ndarray, goes_on: np.ndarray, enter: float, stay: float) -> np.ndarray:
    """Return which windows lie in a stretch of scores of at least ``stay`` that has one of ``enter``.

    Args:
        scores: float (W,).
        goes_on: bool (W,), whether a window continues the one before; where not, a stretch ends.
        enter, stay: see ``Smoothing``.
    """
    high = scores >= stay
    begins = ~(goes_on & np.concatenate([[False], high[:-1]]) & high)
    kept = np.zeros(len(scores), bool)
    for places in _runs(begins):
        kept[places] = high[places] & (scores[places] >= enter).any()
    return kept


def _merged(
    lasting: np.ndarray, starts: np.ndarray, ends: np.ndarray, max_gap_seconds: float
) -> Iterator[np.ndarray]:
    """Yield the places of each range, what lies in small gaps not among them."""
    places = np.flatnonzero(lasting)
    if len(places):
        apart = starts[places[1:]] - ends[places[:-1]] > max_gap_seconds
        yield from np.split(places, np.flatnonzero(apart) + 1)


def _runs(begins: np.ndarray) -> list[np.ndarray]:
    """Return the places of each run, bool (W,) telling where one begins."""
    return np.split(np.arange(len(begins)), np.flatnonzero(begins[1:]) + 1)
