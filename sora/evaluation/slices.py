"""Accuracy on parts of the held-out videos: the short ones, the dark ones, those of one camera."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sora.evaluation.intervals import mean_interval

MIN_VIDEOS = 5
_MAX_BINS = 3


@dataclass(frozen=True)
class Slice:
    """Accuracy on the videos that have ``value`` in ``column``, with its 95 % interval over groups."""

    column: str
    value: str
    num_videos: int
    num_groups: int
    accuracy: float
    accuracy_interval_low: float
    accuracy_interval_high: float


def measure_slices(
    manifest: pd.DataFrame, attributes: pd.DataFrame, correct: Sequence[bool] | np.ndarray
) -> list[Slice]:
    """Return the slices with at least ``MIN_VIDEOS`` videos, and as many outside them, the worst first.

    The worst is the one with the lowest upper end of its interval: even with luck it is no better than that,
    while by accuracy itself the smallest slices come first, which are mostly unlucky.

    Args:
        manifest: a row of the manifest for each of N videos.
        attributes: further columns of the same videos in the same order. Numbers are cut into at most three
            bins of as many videos each; text is taken as it is; a video without a value is in no slice of it.
        correct: (N,), whether the model is right.
    """
    right, groups = np.asarray(correct, bool), manifest["group"].to_numpy(str)
    found = [
        _slice(column, value, right[rows], groups[rows])
        for column, values in _columns(manifest, attributes)
        for value, rows in _parts(values)
        if MIN_VIDEOS <= rows.sum() <= len(rows) - MIN_VIDEOS
    ]
    return sorted(found, key=lambda part: (part.accuracy_interval_high, part.accuracy))


def slices_note(num_slices: int) -> str:
    """Return what a reader of so many slices must know."""
    return (
        f"{num_slices} slices were looked at, and of 20 intervals one misses by chance alone: "
        "a slice that stands out is something to look into, not yet a finding."
    )


@dataclass(frozen=True)
class _Values:
    """The value of each video, text (empty: none) or float64 (NaN: none), and the unit of numbers."""

    values: np.ndarray
    unit: str = ""


def _columns(manifest: pd.DataFrame, attributes: pd.DataFrame) -> Iterator[tuple[str, _Values]]:
    yield "duration", _numbers(manifest["duration_seconds"], "s")
    yield "shorter side", _numbers(manifest[["width", "height"]].min(axis=1), "px")
    yield "frame rate", _numbers(manifest["fps"], "fps")
    yield "brightness", _numbers(100 * manifest["mean_brightness"], "%")
    yield "dark frames", _numbers(100 * manifest["dark_share"], "%")
    yield "blurred frames", _numbers(100 * manifest["blurred_share"], "%")
    yield "still frames", _numbers(100 * manifest["frozen_share"], "%")
    yield "change from frame to frame", _numbers(100 * manifest["mean_motion"], "%")
    yield "codec", _texts(manifest["video_codec"])
    yield "audio", _texts(manifest["has_audio"].map({True: "yes", False: "no"}))
    yield "variable frame rate", _texts(manifest["is_variable_rate"].map({True: "yes", False: "no"}))
    for name in attributes.columns:
        column = attributes[name]
        is_number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        yield str(name), _numbers(column, "") if is_number else _texts(column)


def _numbers(column: pd.Series, unit: str) -> _Values:
    return _Values(column.to_numpy(np.float64), unit)


def _texts(column: pd.Series) -> _Values:
    return _Values(column.astype(object).where(column.notna(), "").astype(str).to_numpy(str))


def _parts(column: _Values) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the name and the rows, bool (N,), of each part; none where all videos are alike."""
    if column.values.dtype.kind == "f":
        yield from _bins(column)
        return
    names = np.unique(column.values)
    for name in names[names != ""] if len(names) > 1 else ():
        yield str(name), column.values == name


def _bins(column: _Values) -> Iterator[tuple[str, np.ndarray]]:
    values, is_known = column.values, ~np.isnan(column.values)
    distinct = np.unique(values[is_known])
    if len(distinct) < 2:
        return
    ends = distinct
    if len(distinct) > _MAX_BINS:
        shares = np.arange(1, _MAX_BINS) / _MAX_BINS
        ends = np.unique(np.quantile(values[is_known], shares, method="inverted_cdf"))
    number = np.where(is_known, np.searchsorted(ends, values), -1)
    for each in np.unique(number[is_known]):
        rows = number == each
        yield _range(values[rows].min(), values[rows].max(), column.unit), rows


def _range(low: float, high: float, unit: str) -> str:
    if low == high:
        return f"{low:.4g} {unit}".rstrip()
    first, last = (f"{end:.0f}" if abs(end) >= 100 else f"{end:.3g}" for end in (low, high))
    return f"{first} to {last} {unit}".rstrip()


def _slice(column: str, value: str, correct: np.ndarray, groups: np.ndarray) -> Slice:
    interval = mean_interval(correct, list(groups))
    return Slice(
        column,
        value,
        num_videos=len(correct),
        num_groups=len(np.unique(groups)),
        accuracy=float(correct.mean()),
        accuracy_interval_low=interval.low,
        accuracy_interval_high=interval.high,
    )
