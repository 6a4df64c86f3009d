"""Blocks of stored features as rows that linear classifiers can weigh: pooled, standardised, projected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from sora.errors import SoraError
from sora.training.linear_classifiers import Weights

Ranges: TypeAlias = Sequence[tuple[int, int]]

_CLIP_AT = 5.0  # standard deviations, as sora.networks.heads.Standardise
_EPSILON = 1e-6  # as sora.networks.heads.TimeStatistics
_MIN_RELATIVE_STD = 1e-3  # below, float32 would be read for its rounding
_MIN_STD = 1e-6
_MIN_RELATIVE_VARIANCE = 1e-6  # of a direction of the span, next to the largest


def require_ranges(blocks: Mapping[str, Ranges], num_features: int) -> None:
    """Raise a SoraError unless there are blocks, and each has columns, all within 0..num_features."""
    if not blocks:
        raise SoraError("blocks: expected at least one, got none")
    for name, ranges in blocks.items():
        if not ranges or any(not 0 <= start < stop <= num_features for start, stop in ranges):
            raise SoraError(
                f"block {name!r}: expected ranges of columns within 0 to {num_features}, got {list(ranges)}"
            )


def require_numbers(features: np.ndarray) -> None:
    """Raise a SoraError where features (N, T, F) have NaN or infinity."""
    wrong = [i for i, video in enumerate(features) if not np.isfinite(video).all()]
    if wrong:
        raise SoraError(
            f"features: expected finite numbers; {len(wrong)} of {len(features)} rows have others, the first "
            f"is row {wrong[0]}; extract them again"
        )


def pooled_over_time(features: np.ndarray) -> np.ndarray:
    """Give means, then deviations over time side by side: float32 (N, T, F) to float32 (N, 2 * F)."""
    return np.stack([_pooled(video) for video in features])


def _pooled(video: np.ndarray) -> np.ndarray:
    mean = video.mean(axis=0, dtype=np.float64)
    deviation = np.sqrt(np.square(video - mean).mean(axis=0) + _EPSILON)
    return np.concatenate([mean, deviation]).astype(np.float32)


@dataclass(frozen=True)
class Block:
    """``clip((x - mean) / std, -5, 5) * gain`` of some columns x of the pooled features.

    Attributes:
        columns: pairs of start and stop in the pooled vector (2 * F,); P columns in all.
        mean: float32 (P,).
        std: float32 (P,), above 0.
        gain: 1 / sqrt(P), so that blocks of any size have the same energy.
    """

    columns: tuple[tuple[int, int], ...]
    mean: np.ndarray
    std: np.ndarray
    gain: float

    def standardised(self, pooled: np.ndarray) -> np.ndarray:
        """Turn pooled features (N, 2 * F) into float32 (N, P); a row is about 1 long."""
        x = taken(pooled, self.columns)
        x -= self.mean
        x /= self.std
        np.clip(x, -_CLIP_AT, _CLIP_AT, out=x)
        x *= np.float32(self.gain)
        return x


def fitted_block(pooled: np.ndarray, ranges: Ranges) -> Block:
    """Fit the standardisation of a block, given as ranges of the F columns, on pooled features (N, 2 * F).

    Pass training videos only. Columns that hardly vary next to their mean are divided by a thousandth of it.
    """
    num_features = pooled.shape[1] // 2
    columns = (*ranges, *((start + num_features, stop + num_features) for start, stop in ranges))
    x = taken(pooled, columns)
    mean, std = x.mean(axis=0, dtype=np.float64), x.std(axis=0, dtype=np.float64)
    std = np.maximum(std, np.maximum(_MIN_RELATIVE_STD * np.abs(mean), _MIN_STD))
    return Block(columns, mean.astype(np.float32), std.astype(np.float32), 1 / np.sqrt(x.shape[1]))


def taken(pooled: np.ndarray, columns: Ranges) -> np.ndarray:
    """Copy the columns of the ranges, in their order, float32 (N, P)."""
    return np.concatenate([pooled[:, start:stop] for start, stop in columns], axis=1)


def span(gram: np.ndarray) -> np.ndarray:
    """Give the basis (n, R) of the span of n rows from their inner products (n, n).

    ``products @ basis`` are the orthonormal coordinates (N, R) of any rows, from their inner products (N, n)
    with those n; ``rows.T @ basis`` are the R directions. A linear classifier with an L2 penalty is the same
    in these few coordinates as in thousands of columns, for its weights lie in the span. Rows that are all 0
    get one coordinate, which is 0.
    """
    variances, directions = np.linalg.eigh(gram.astype(np.float64))
    if variances[-1] <= 0:
        return np.zeros((len(gram), 1))
    kept = variances > _MIN_RELATIVE_VARIANCE * variances[-1]
    return directions[:, kept] / np.sqrt(variances[kept])


@dataclass(frozen=True)
class DualWeights:
    """Linear functions of blocks x: the sum over blocks of ``x @ rows.T @ coefficients``, plus ``bias``.

    Attributes:
        coefficients: for each block float64 (n, K), one row for each of the n ``rows``.
        bias: float64 (K,).
    """

    coefficients: Mapping[str, np.ndarray]
    bias: np.ndarray


def primal_weights(rows: Mapping[str, np.ndarray], dual: DualWeights) -> Weights:
    """Write linear functions for all blocks side by side, in the order of ``dual``: float32 (sum of P, K)."""
    kernels = [rows[block].T @ each for block, each in dual.coefficients.items()]
    return Weights(np.concatenate(kernels).astype(np.float32), dual.bias.astype(np.float32))


def principal_components(
    products: Mapping[str, np.ndarray], shares: Mapping[str, float], size: int
) -> DualWeights:
    """Find the ``size`` directions of most variance of blocks, each times the root of its share.

    Takes the inner products (n, n) of the n rows of each block and the shares, in 0..1. The functions give
    coordinates from the mean of the rows; those for which n rows do not suffice are 0.
    """
    product = np.sum([share * products[block] for block, share in shares.items()], axis=0)
    centring = np.eye(len(product)) - 1 / len(product)
    basis = (centring @ span(centring @ product @ centring))[:, : -size - 1 : -1]
    basis = np.pad(basis, ((0, 0), (0, size - basis.shape[1])))
    return DualWeights(
        {block: share * basis for block, share in shares.items()}, -product.mean(axis=0) @ basis
    )
