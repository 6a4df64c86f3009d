"""Which cells of which moments a decision hangs on, found by hiding each of them."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

from sora.explanation.maps import Maps
from sora.explanation.places import Places, Window
from sora.explanation.regions import coverage

Value: TypeAlias = Callable[[np.ndarray], float]  # of features, float32 (T, F): how sure the head is
Features: TypeAlias = Callable[[Maps], np.ndarray]  # the second half of a backbone


class Seen(NamedTuple):
    """What the networks make of one clip, half way.

    Attributes:
        maps: of each stream, of its T images.
        descriptors: float32 (T, M).
    """

    maps: tuple[Maps, ...]
    descriptors: np.ndarray


class Importance(NamedTuple):
    """How much more sure the head is of its answer for what it sees there; below 0 it is less sure.

    Attributes:
        moments: float64 (T,), of whole moments.
        cells: float64 (T, G, G), of cells of the frame at each moment.
    """

    moments: np.ndarray
    cells: np.ndarray


def occlusion(clean: Seen, filled: Seen, places: Places, features: Features, value: Value) -> Importance:
    """Return what each moment, and each cell of it, adds to ``value``.

    Each is put in the place of its like twice: the blurred one among clean ones, which shows what is missed,
    and the clean one among blurred ones, which shows what it says by itself; the mean of both counts. The one
    alone is blind to evidence that comes twice, the other to evidence that needs company (they are the ends
    of the average that defines Shapley values: Lundberg and Lee, "A unified approach to interpreting model
    predictions", 2017). Occlusion: Zeiler and Fergus, "Visualizing and understanding convolutional networks",
    2014; here of the backbone's maps in place of pixels, so that the backbone runs twice in all.

    Args:
        clean, filled: a clip and the same clip blurred.
        places: where their input lies in the frame.
        features: from maps to features.
        value: of features.
    """
    with_clean, with_filled = (features_of(seen, features) for seen in (clean, filled))
    cells = []
    for moment in range(len(with_clean)):
        missing = _exchanged(clean, filled, moment, places, features)
        alone = _exchanged(filled, clean, moment, places, features)
        cells.append(_missed_and_said(with_clean, with_filled, _Rows(moment, missing, alone), value))
    size = places.grid_cells
    moments = occlusion_of_moments(with_clean, with_filled, value)
    return Importance(moments, np.array(cells).reshape(-1, size, size))


def occlusion_of_moments(clean: np.ndarray, filled: np.ndarray, value: Value) -> np.ndarray:
    """Return what each whole moment adds to ``value``, float64 (T,); features as of ``occlusion``."""
    whole = map(_Rows, range(len(clean)), filled[:, None], clean[:, None])
    return np.concatenate([_missed_and_said(clean, filled, rows, value) for rows in whole])


def features_of(seen: Seen, features: Features) -> np.ndarray:
    """Return the features of a clip, float32 (T, F), as ``sora.runtimes.segment_features`` does."""
    return np.concatenate([*map(features, seen.maps), seen.descriptors], axis=1)


class _Rows(NamedTuple):
    """Features, (n, F), to be put in the place of a moment: of clean ones, and of blurred ones."""

    moment: int
    missing: np.ndarray
    alone: np.ndarray


def _missed_and_said(clean: np.ndarray, filled: np.ndarray, rows: _Rows, value: Value) -> np.ndarray:
    """Return the mean of both differences in ``value``, float64 (n,)."""
    place = rows.moment
    missed = value(clean) - np.array([value(_replaced(clean, place, row)) for row in rows.missing])
    said = np.array([value(_replaced(filled, place, row)) for row in rows.alone]) - value(filled)
    return (missed + said) / 2


def _exchanged(base: Seen, other: Seen, moment: int, places: Places, features: Features) -> np.ndarray:
    """Return the features, float32 (G * G, F), of a moment of ``base`` with one cell each of ``other``."""
    streams = []
    for ours, theirs, window in zip(base.maps, other.maps, places.windows, strict=True):
        levels = zip(ours, theirs, strict=True)
        mixtures = [_mixtures(a[moment], b[moment], window, places.grid_cells) for a, b in levels]
        streams.append(features(tuple(mixtures)))
    own, foreign = base.descriptors[moment], other.descriptors[moment]
    return np.concatenate([*streams, own + places.descriptors.T * (foreign - own)], axis=1)


def _mixtures(ours: np.ndarray, theirs: np.ndarray, window: Window, grid_cells: int) -> np.ndarray:
    """Return a map (C, H, W) with each cell of the frame in turn from the other, (G * G, C, H, W)."""
    shares = coverage(ours.shape[1], grid_cells, window).T.reshape(-1, 1, *ours.shape[1:])
    return ours + shares * (theirs - ours)


def _replaced(features: np.ndarray, moment: int, row: np.ndarray) -> np.ndarray:
    replaced = features.copy()
    replaced[moment] = row
    return replaced
