"""Nearest neighbours among very many vectors, by FAISS.

An inverted file (Jégou, Douze and Schmid, "Product Quantization for Nearest Neighbor Search", 2011, without
the quantization): vectors lie in cells around centres, and only the cells nearest to the query are looked
through, with exact inner products. In contrast to a graph it can forget a video and can be written in
seconds.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sora.apps.search.exact import ExactNeighbours, Nearest
from sora.atomic import replacing
from sora.errors import SoraError

MIN_RECALL = 0.99
_RECALL_AT = 10
_NUM_TRIED = 200
_CELLS_PER_ROOT = 4  # as FAISS's guidelines have it: 4 to 16 times the root of the number of vectors
_VECTORS_PER_CENTRE = 40  # that the centres are fitted to; FAISS warns below 39
_MOST_GROWTH = 2  # of the number of cells that would suit: four times as many vectors


@dataclass(frozen=True, eq=False)
class ApproximateNeighbours:
    """A trained IndexIVFFlat of FAISS, whose own types do not say what it takes and gives."""

    index: Any

    @property
    def size(self) -> int:
        """V."""
        return int(self.index.d)

    def nearest(self, queries: np.ndarray, top: int) -> Nearest:
        """Return about the ``top`` nearest of queries float32 (Q, V); -1 where the cells held fewer."""
        similarities, ids = self.index.search(np.ascontiguousarray(queries, np.float32), top)
        return Nearest(ids, similarities)

    def ids(self) -> np.ndarray:
        """Return the ids that it holds, int64 (N,), ascending."""
        faiss, lists = _faiss(), self.index.invlists
        sizes = [lists.list_size(cell) for cell in range(self.index.nlist)]
        held = [
            faiss.rev_swig_ptr(lists.get_ids(cell), size).copy() for cell, size in enumerate(sizes) if size
        ]
        return np.sort(np.concatenate([np.zeros(0, np.int64), *held]))

    def fits(self, num_vectors: int, size: int) -> bool:
        """Whether the cells still suit so many vectors of so many numbers."""
        return self.size == size and _num_cells(num_vectors) <= _MOST_GROWTH * self.index.nlist


def fitted_neighbours(ids: np.ndarray, vectors: np.ndarray, seed: int = 0) -> ApproximateNeighbours:
    """Make neighbours of vectors float32 (N, V) of length 1 with ids int64 (N,).

    So many cells are looked through that of the ten nearest of 200 vectors of its own at least 99 % are
    found; all cells where fewer never do.

    Raises:
        SoraError: FAISS is not installed.
    """
    faiss = _faiss()
    rng = np.random.default_rng(seed)
    num_cells = _num_cells(len(vectors))
    index = faiss.IndexIVFFlat(
        faiss.IndexFlatIP(vectors.shape[1]), vectors.shape[1], num_cells, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.spherical = True
    sample = rng.permutation(len(vectors))[: num_cells * _VECTORS_PER_CENTRE]
    index.train(vectors[sample])
    index.add_with_ids(vectors, ids)
    found = ApproximateNeighbours(index)
    tried = vectors[sample[:_NUM_TRIED]]
    expected = ExactNeighbours(ids, vectors).nearest(tried, _RECALL_AT)
    index.nprobe = 1
    while index.nprobe < num_cells and recall(found.nearest(tried, _RECALL_AT), expected) < MIN_RECALL:
        index.nprobe = min(2 * index.nprobe, num_cells)
    return found


def _num_cells(num_vectors: int) -> int:
    return max(1, min(int(_CELLS_PER_ROOT * np.sqrt(num_vectors)), num_vectors // _VECTORS_PER_CENTRE))


def recall(found: Nearest, expected: Nearest) -> float:
    """Return the share of the expected neighbours that were found, in 0..1."""
    pairs = zip(found.ids, expected.ids, strict=True)
    return float(np.mean([np.isin(right, some).mean() for some, right in pairs]))


def read_neighbours(path: Path) -> ApproximateNeighbours | None:
    """Read what ``write_neighbours`` wrote; None where it is missing or damaged: it can be made anew."""
    faiss = _faiss()
    if not path.is_file():
        return None
    try:
        return ApproximateNeighbours(faiss.read_index(str(path)))
    except RuntimeError:
        return None


def write_neighbours(path: Path, neighbours: ApproximateNeighbours) -> None:
    """Write neighbours, atomically."""
    with replacing(path) as temporary:
        _faiss().write_index(neighbours.index, str(temporary))


def _faiss() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise SoraError(
            "search among so many videos needs FAISS: pip install faiss-cpu, then search again"
        ) from error
    return faiss
