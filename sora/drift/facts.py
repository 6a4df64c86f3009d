"""Which facts of a video are watched, and how one fact of two sets of videos is compared."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from sora.drift.units import Units

FactValue: TypeAlias = float | str
Statistic: TypeAlias = Callable[[np.ndarray], np.ndarray]

_NUMBERS = (
    *("fps", "duration_seconds", "width", "height", "mean_brightness", "dark_share", "overexposed_share"),
    *("blurred_share", "mean_motion", "frozen_share", "decoded_share"),
)
_CATEGORIES = ("video_codec", "rotation", "has_audio", "is_variable_rate")
BIT_RATE = "bitrate_kbps"
CODEC = "video_codec"


def watched_facts(facts: Mapping[Any, Any], size_bytes: float | None) -> dict[str, FactValue]:
    """Return the facts of a video that are watched: numbers as float, categories as text.

    Args:
        facts: with fields of ``VideoFacts``; those that are missing are left out.
        size_bytes: of the file; None: not known, or the video is only a part of it.
    """
    found: dict[str, FactValue] = {name: float(facts[name]) for name in _NUMBERS if name in facts}
    found |= {name: str(facts[name]) for name in _CATEGORIES if name in facts}
    if size_bytes is not None and facts.get("duration_seconds", 0) > 0:
        found[BIT_RATE] = round(size_bytes / 125 / facts["duration_seconds"], 3)
    return found


def kolmogorov_smirnov(values: np.ndarray, units: "Units") -> Statistic:
    """Return the largest distance in [0, 1] of two cumulative distributions, as a function.

    It takes assignments to the window, bool (P, U), and gives float64 (P,).

    Args:
        values: float (N,), of the videos.
        units: that they belong to.
    """
    order = np.argsort(values, kind="stable")
    ordered, owners = values[order], units.codes[order]
    weights = units.weights[order]
    last_of_ties = np.append(ordered[1:] != ordered[:-1], True)
    to_all = np.cumsum(weights)

    def statistic(dealt: np.ndarray) -> np.ndarray:
        num_window = dealt.sum(axis=1, keepdims=True)
        in_window = np.cumsum(dealt[:, owners] * weights, axis=1)
        in_reference = (to_all - in_window) / (units.count - num_window)
        return np.abs(in_window / num_window - in_reference)[:, last_of_ties].max(axis=1)

    return statistic


def chi_square(categories: np.ndarray, units: "Units") -> Statistic:
    """Return Pearson's chi-square of a table of two sides and K categories, as a function.

    It takes assignments to the window, bool (P, U), and gives float64 (P,).

    Args:
        categories: str (N,), of the videos.
        units: that they belong to.
    """
    shares = units.means(indicators(categories))
    to_all = shares.sum(axis=0)

    def statistic(dealt: np.ndarray) -> np.ndarray:
        in_window = dealt @ shares
        expected = dealt.sum(axis=1, keepdims=True) / units.count * to_all
        surplus = (in_window - expected) ** 2  # of the reference the same, with the other sign
        return (surplus / expected + surplus / (to_all - expected)).sum(axis=1)

    return statistic


def total_variation(categories: np.ndarray, units: "Units") -> float:
    """Return how much of the mix of categories differs between the two sides as they are, in [0, 1]."""
    shares = units.means(indicators(categories))
    split = units.count - units.num_window
    return float(np.abs(shares[:split].mean(axis=0) - shares[split:].mean(axis=0)).sum() / 2)


def indicators(categories: np.ndarray) -> np.ndarray:
    """Return 1 where a video is of a category, float64 (N, K), in the order of names."""
    names, codes = np.unique(categories, return_inverse=True)
    return np.eye(len(names))[codes]
