"""What a property of videos is like on both sides, for people: quantiles of numbers, shares of categories."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sora.drift.compare import Difference, Drift
from sora.drift.facts import indicators

STRIP_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_CURVE = np.linspace(0, 1, 21)


@dataclass(frozen=True)
class Numbers:
    """Quantiles of a number, every group of videos weighing the same; see ``STRIP_QUANTILES``.

    The curves are 21 quantiles from the smallest to the largest value.
    """

    reference: tuple[float, ...]
    window: tuple[float, ...]
    reference_curve: tuple[float, ...]
    window_curve: tuple[float, ...]


@dataclass(frozen=True)
class Mix:
    """Shares of categories, which are in the order of names, every group of videos weighing the same."""

    categories: tuple[str, ...]
    reference: tuple[float, ...]
    window: tuple[float, ...]


def described(drift: Drift, difference: Difference) -> Numbers | Mix | None:
    """Return both sides of a property; None of embeddings, which a map shows."""
    if difference.part == "embeddings":
        return None
    values = _values(drift, difference.name, difference.part == "inputs")
    return _numbers(drift, values) if np.issubdtype(values.dtype, np.number) else _mix(drift, values)


def _values(drift: Drift, name: str, is_fact: bool) -> np.ndarray:
    """Return a property of all videos, those of the reference first, (N,)."""
    ends = (drift.reference, drift.window)
    if not is_fact:
        return np.concatenate([end.labels if name == "label" else end.confidences for end in ends])
    return np.array([row[name] for end in ends for row in end.facts])


def _numbers(drift: Drift, values: np.ndarray) -> Numbers:
    weights, split = drift.units.weights, len(drift.reference)
    sides = ((values[:split], weights[:split]), (values[split:], weights[split:]))
    strips = [_quantiles(side, weight, STRIP_QUANTILES) for side, weight in sides]
    curves = [_quantiles(side, weight, _CURVE) for side, weight in sides]
    return Numbers(strips[0], strips[1], curves[0], curves[1])


def _quantiles(
    values: np.ndarray, weights: np.ndarray, at: Sequence[float] | np.ndarray
) -> tuple[float, ...]:
    return tuple(np.quantile(values, at, method="inverted_cdf", weights=weights).tolist())


def _mix(drift: Drift, values: np.ndarray) -> Mix:
    shares = drift.units.means(indicators(values))
    split = drift.units.count - drift.units.num_window
    reference, window = shares[:split].mean(axis=0), shares[split:].mean(axis=0)
    return Mix(tuple(np.unique(values).tolist()), tuple(reference.tolist()), tuple(window.tolist()))
