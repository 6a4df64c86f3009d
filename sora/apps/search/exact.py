"""Nearest neighbours by comparing with every vector."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

_MAX_SIMILARITIES_AT_ONCE = 4_000_000  # 16 MB


class Nearest(NamedTuple):
    """Neighbours of Q queries, nearest first; equal ones by id.

    Attributes:
        ids: int64 (Q, K); -1 behind the last that was found.
        similarities: float32 (Q, K), inner products: cosines, for vectors of length 1.
    """

    ids: np.ndarray
    similarities: np.ndarray


class Neighbours(Protocol):
    """What finds neighbours among the vectors that it was made of."""

    @property
    def size(self) -> int:
        """V, how many numbers a vector has; 0 where there is no vector."""
        ...

    def nearest(self, queries: np.ndarray, top: int) -> Nearest:
        """Return the ``top`` nearest, or all there are, of queries float32 (Q, V)."""
        ...


@dataclass(frozen=True, eq=False)
class ExactNeighbours:
    """All vectors in memory, float32 (N, V) of length 1, with ids int64 (N,), ascending."""

    ids: np.ndarray
    vectors: np.ndarray

    @property
    def size(self) -> int:
        """V, how many numbers a vector has; 0 where there is no vector."""
        return self.vectors.shape[1]

    def nearest(self, queries: np.ndarray, top: int) -> Nearest:
        """Return the ``top`` nearest, or all there are, of queries float32 (Q, V)."""
        top = min(top, len(self.ids))
        if not top:
            return Nearest(np.zeros((len(queries), 0), np.int64), np.zeros((len(queries), 0), np.float32))
        block = max(1, _MAX_SIMILARITIES_AT_ONCE // len(self.ids))
        found = [self._of(queries[start : start + block], top) for start in range(0, len(queries), block)]
        places, similarities = (np.concatenate(each) for each in zip(*found, strict=True))
        return Nearest(self.ids[places], similarities)

    def _of(self, queries: np.ndarray, top: int) -> tuple[np.ndarray, np.ndarray]:
        similarities = queries @ self.vectors.T
        places = np.argpartition(-similarities, top - 1, axis=1)[:, :top]
        places.sort(axis=1)  # so that the stable sort below leaves equal ones by id
        best = np.take_along_axis(similarities, places, axis=1)
        order = np.argsort(-best, axis=1, kind="stable")
        return np.take_along_axis(places, order, axis=1), np.take_along_axis(best, order, axis=1)
