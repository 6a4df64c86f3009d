"""Statistics of training videos that make features comparable: standardisation, gains of blocks, PCA."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sora.errors import SoraError

LIMIT = 5.0  # standard deviations, beyond which a standardised feature is cut off

_MIN_STD = 1e-3
_COLUMNS_AT_ONCE = 2048  # so that float64 copies stay small
_MAX_ROWS = 2000  # for PCA: more rows cost their square and hardly turn the first axes
_MIN_VARIANCE_SHARE = 1e-6  # of the first axis; below it an axis is rounding

Blocks = Sequence[tuple[int, int]]


class Projection(NamedTuple):
    """``x @ kernel + bias``: float32 (D, P) and (P,)."""

    kernel: np.ndarray
    bias: np.ndarray


def standardisation(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give mean and standard deviation of each column, float32 (F,), of features float32 (N, T, F).

    Pass training videos only. The deviation is at least 0.001, so that constant columns become 0.
    """
    rows = features.reshape(-1, features.shape[-1])
    mean, std = np.empty((2, rows.shape[1]), np.float32)
    for start in range(0, rows.shape[1], _COLUMNS_AT_ONCE):
        part = slice(start, start + _COLUMNS_AT_ONCE)
        mean[part] = rows[:, part].mean(axis=0, dtype=np.float64)
        std[part] = rows[:, part].std(axis=0, dtype=np.float64)
    return mean, np.maximum(std, np.float32(_MIN_STD))


def block_gains(blocks: Blocks) -> np.ndarray:
    """Give a factor for each chosen column, float64 (D,).

    Each block then has the same energy, and the mean energy of a column stays 1.
    """
    sizes = [stop - start for start, stop in blocks]
    return np.concatenate([np.full(n, np.sqrt(sum(sizes) / (len(sizes) * n))) for n in sizes])


def standardised(features: np.ndarray, blocks: Blocks, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Return what ``sora.networks.layers.Standardise`` makes of features: float32 (..., F) to (..., D)."""
    kept = np.concatenate([np.arange(start, stop) for start, stop in blocks])
    x = np.clip((features[..., kept] - mean[kept]) / std[kept], -LIMIT, LIMIT)
    return (x * block_gains(blocks)).astype(np.float32)


def whitening(rows: np.ndarray, size: int) -> Projection:
    """Fit a principal component analysis whose ``size`` outputs have mean 0 and variance 1.

    Of more than 2,000 rows, float32 (R, D), 2,000 at even distances are used. Signs are fixed: the largest
    weight of each axis is positive.

    Raises:
        SoraError: the rows do not vary in so many directions.
    """
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), _MAX_ROWS)).round().astype(int)]
    mean = rows.mean(axis=0, dtype=np.float64)
    centred = rows - mean.astype(np.float32)
    variances, axes = _principal_axes(centred)
    rank = int(np.sum(variances > _MIN_VARIANCE_SHARE * variances[0])) if variances[0] > 0 else 0
    if size > rank:
        raise SoraError(
            f"projection_size: expected at most {rank}, for the training videos vary in no more directions; "
            f"got {size}"
        )
    kernel = axes[:, :size] / np.sqrt(variances[:size])
    kernel *= np.sign(kernel[np.abs(kernel).argmax(axis=0), np.arange(size)])
    return Projection(kernel.astype(np.float32), (-mean @ kernel).astype(np.float32))


def _principal_axes(centred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give falling variances and unit axes, one a column, by way of the smaller of both Gram matrices."""
    num_rows, num_columns = centred.shape
    is_wide = num_columns > num_rows
    gram = (centred @ centred.T if is_wide else centred.T @ centred).astype(np.float64) / num_rows
    values, vectors = np.linalg.eigh(gram)
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    if is_wide:
        vectors = centred.T @ vectors
        vectors /= np.maximum(np.linalg.norm(vectors, axis=0), np.finfo(np.float64).tiny)
    return values, vectors
