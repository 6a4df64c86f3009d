"""The vector that stands for a video in an index."""

import numpy as np

from sora.errors import SoraError

_MIN_LENGTH = 1e-12
_ROUNDING = 1e-6


def search_vectors(embeddings: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Join embeddings (N, E) and probabilities (N, C) to float32 (N, E + C) of length 1.

    The inner product of two videos is the mean of two similarities: of their embeddings, and of what they
    are taken for. The latter is the cosine of the roots of the probabilities, which is Bhattacharyya's
    coefficient where they sum to 1. Embeddings alone put a video of another label first too often where the
    surroundings are alike (benchmarks/search.py).
    """
    joined = np.concatenate([unit_rows(embeddings), unit_rows(np.sqrt(probabilities))], axis=1)
    return joined / np.float32(np.sqrt(2))


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Give each row length 1: float32 (N, V); those that have it up to rounding stay as they are.

    Raises:
        SoraError: a row has no direction, for it is 0 or not finite.
    """
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    wrong = np.flatnonzero(~np.isfinite(lengths[:, 0]) | (lengths[:, 0] < _MIN_LENGTH))
    if len(wrong):
        raise SoraError(
            f"vectors: finite rows other than 0 expected; {len(wrong)} of {len(vectors)} are not, the first "
            f"is row {wrong[0]}"
        )
    lengths[np.abs(lengths - 1) < _ROUNDING] = 1
    return (vectors / lengths).astype(np.float32)
