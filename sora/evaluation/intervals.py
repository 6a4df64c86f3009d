"""95 % intervals of means over videos, where the videos of one group are not independent."""

from typing import NamedTuple

import numpy as np

CONFIDENCE = 0.95
MIN_GROUPS_FOR_BOOTSTRAP = 10
NUM_RESAMPLES = 10_000

_SEED = 0
_MAX_COUNTS_AT_ONCE = 4_000_000  # 32 MB of resampling counts
_NO_SPREAD = 1e-12
_SHARE_BEYOND = (1 - CONFIDENCE) / 2


class Interval(NamedTuple):
    """Where the mean over all videos of the kind is likely to lie, and how that was found."""

    low: float
    high: float
    method: str


class _Groups(NamedTuple):
    """Sums of values and numbers of videos of each of G groups, float64 (G,)."""

    sums: np.ndarray
    sizes: np.ndarray

    @property
    def mean(self) -> float:
        return float(self.sums.sum() / self.sizes.sum())


def mean_interval(
    values: np.ndarray, groups: list[str], bounds: tuple[float, float] = (0.0, 1.0)
) -> Interval:
    """Return the 95 % interval of the mean of ``values``; it holds the mean and lies within ``bounds``.

    From 10 groups up, the bootstrap over groups, bias-corrected and accelerated (BCa: Efron, "Better
    Bootstrap Confidence Intervals", 1987) and widened for small samples by Student's t (Hesterberg, "What
    Teachers Should Know about the Bootstrap", 2015): the plain percentile bootstrap covers far less than it
    says where accuracy is high. Below, Student's t over groups on the logit scale (Dean and Pagano,
    "Evaluating Confidence Interval Methods for Binomial Proportions in Clustered Surveys", 2015) with the
    ratio estimator's error (Cochran, "Sampling Techniques", 1977).

    Where all groups have the same mean both have no width. Then the share of groups that might be otherwise
    is bounded as Clopper and Pearson do, and each of those may have any value.

    Args:
        values: float or bool (N,), one for each video: 0 or 1 for whether it is right, or a difference of two
            models with bounds -1 and 1.
        groups: the N names of the videos' sources.
        bounds: the least and the greatest value that a video can have.

    Raises:
        ValueError: no video, unequal lengths, or a value that is outside the bounds.
    """
    values = np.asarray(values, np.float64)
    _require(values, groups, bounds)
    _, index = np.unique(np.array(groups), return_inverse=True)
    found = _Groups(np.bincount(index, weights=values), np.bincount(index).astype(np.float64))
    num_groups = len(found.sizes)
    if num_groups == 1:
        return Interval(*bounds, "none: one group says nothing about others")
    if _standard_error(found) < _NO_SPREAD * (bounds[1] - bounds[0]):
        low, high, method = *_alike(found, bounds), "exact bound (Clopper-Pearson)"
    elif num_groups >= MIN_GROUPS_FOR_BOOTSTRAP:
        low, high, method = *_bootstrap(found), "BCa bootstrap"
    else:
        low, high, method = *_student(found, bounds), "t interval (logit scale)"
    mean = found.mean
    low, high = max(min(low, mean), bounds[0]), min(max(high, mean), bounds[1])
    return Interval(low, high, f"{method} over {num_groups} groups")


def _require(values: np.ndarray, groups: list[str], bounds: tuple[float, float]) -> None:
    if values.ndim != 1 or not len(values) or len(values) != len(groups):
        raise ValueError(
            "as many values as groups expected, at least 1: "
            f"values of shape {values.shape} and {len(groups)} groups came"
        )
    if not ((values >= bounds[0]) & (values <= bounds[1])).all():
        raise ValueError(f"values from {bounds[0]} to {bounds[1]} expected, others came")


def _standard_error(found: _Groups) -> float:
    num_groups = len(found.sizes)
    residuals = found.sums - found.mean * found.sizes
    return float(np.sqrt(num_groups / (num_groups - 1) * np.sum(residuals**2)) / found.sizes.sum())


def _alike(found: _Groups, bounds: tuple[float, float]) -> tuple[float, float]:
    share = 1 - _SHARE_BEYOND ** (1 / len(found.sizes))
    return found.mean - share * (found.mean - bounds[0]), found.mean + share * (bounds[1] - found.mean)


def _student(found: _Groups, bounds: tuple[float, float]) -> tuple[float, float]:
    from scipy import special, stats

    width = bounds[1] - bounds[0]
    share = (found.mean - bounds[0]) / width
    reach = stats.t.ppf(1 - _SHARE_BEYOND, len(found.sizes) - 1) * _standard_error(found) / width
    ends = special.logit(share) + np.array([-1, 1]) * reach / (share * (1 - share))
    low, high = bounds[0] + width * special.expit(ends)
    return float(low), float(high)


def _bootstrap(found: _Groups) -> tuple[float, float]:
    from scipy import stats

    num_groups, mean = len(found.sizes), found.mean
    means = _resampled_means(found)
    # Half of the ties count as below; a share of 0 or 1 would be infinitely far.
    below = (np.mean(means < mean) + np.mean(means <= mean)) / 2
    bias = stats.norm.ppf(np.clip(below, 1 / NUM_RESAMPLES, 1 - 1 / NUM_RESAMPLES))
    left_out = (found.sums.sum() - found.sums) / (found.sizes.sum() - found.sizes)
    pull = left_out.mean() - left_out
    acceleration = np.sum(pull**3) / (6 * np.sum(pull**2) ** 1.5)
    reach = np.sqrt(num_groups / (num_groups - 1)) * stats.t.ppf(1 - _SHARE_BEYOND, num_groups - 1)
    ends = bias + np.array([-reach, reach])
    low, high = np.quantile(means, stats.norm.cdf(bias + ends / (1 - acceleration * ends)))
    return float(low), float(high)


def _resampled_means(found: _Groups) -> np.ndarray:
    """Return the means (NUM_RESAMPLES,) of groups drawn with replacement, the same for any order of groups.

    Groups of equal sum and size are drawn as one: there are few such kinds where values are 0 or 1.
    """
    rng = np.random.default_rng(_SEED)
    kinds, counts = np.unique(np.stack(found, axis=1), axis=0, return_counts=True)
    num_groups, means = len(found.sizes), np.empty(NUM_RESAMPLES)
    block = max(1, _MAX_COUNTS_AT_ONCE // len(kinds))
    for start in range(0, NUM_RESAMPLES, block):
        size = min(block, NUM_RESAMPLES - start)
        sums, sizes = (rng.multinomial(num_groups, counts / num_groups, size=size) @ kinds).T
        means[start : start + size] = sums / sizes
    return means
