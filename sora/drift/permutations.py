"""Every way, or many ways, in which chance might have dealt out the videos; what p-values are counted from.

Permutation tests are exact whatever the distribution, ties included (Good, "Permutation, Parametric and
Bootstrap Tests of Hypotheses", 2005). All tests of one window share the same permutations.
"""

import math
from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

NUM_PERMUTATIONS = 1999  # the smallest p-value is 1 / 2000: 40 tests can be corrected for at the level 0.05
_ROUNDING = 1e-9  # equal statistics may differ by as much
_ROWS_AT_ONCE = 256


def assignments(
    num_units: int, num_window: int, seed: int, num_permutations: int = NUM_PERMUTATIONS
) -> np.ndarray:
    """Return which units belong to the window, bool (P, U), as it is (the last ones) in row 0.

    The other rows are all other choices of ``num_window`` units, where there are no more than
    ``num_permutations``; else so many random ones, the same for one seed.
    """
    true = np.arange(num_units) >= num_units - num_window
    if math.comb(num_units, num_window) > num_permutations + 1:
        rng = np.random.default_rng(seed)
        drawn = rng.permuted(np.tile(true, (num_permutations, 1)), axis=1)
        return np.concatenate([true[None], drawn])
    every = np.array(list(combinations(range(num_units - 1, -1, -1), num_window)))  # the true one comes first
    rows = np.zeros((len(every), num_units), bool)
    np.put_along_axis(rows, every, True, axis=1)
    return rows


def p_value(statistics: np.ndarray) -> float:
    """Return how often chance gives at least the first of ``statistics`` (P,), that one included."""
    margin = _ROUNDING * max(1.0, abs(float(statistics[0])))
    return float(np.mean(statistics >= statistics[0] - margin))


def in_parts(statistic: Callable[[np.ndarray], np.ndarray], dealt: np.ndarray) -> np.ndarray:
    """Return ``statistic`` (P,) of assignments bool (P, U), some rows at a time to bound memory."""
    starts = range(0, len(dealt), _ROWS_AT_ONCE)
    return np.concatenate([statistic(dealt[start : start + _ROWS_AT_ONCE]) for start in starts])


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number: one below alpha is false in a share alpha of families.

    Source: Holm, "A simple sequentially rejective multiple test procedure", 1979.
    """
    order = np.argsort(p_values, kind="stable")
    factors = len(order) - np.arange(len(order))
    corrected = np.minimum(1, np.maximum.accumulate(np.asarray(p_values, float)[order] * factors))
    found = np.empty(len(order))
    found[order] = corrected
    return found.tolist()
