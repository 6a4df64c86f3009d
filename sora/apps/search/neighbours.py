"""The neighbours of an index file: exact while that is fast, else kept beside it."""

import numpy as np

from sora.apps.index.store import VideoIndex
from sora.apps.search.approximate import (
    ApproximateNeighbours,
    fitted_neighbours,
    read_neighbours,
    write_neighbours,
)
from sora.apps.search.exact import ExactNeighbours, Neighbours

EXACT_UP_TO = 100_000  # videos


def load_neighbours(index: VideoIndex, exact_up_to: int = EXACT_UP_TO) -> Neighbours:
    """Return what finds neighbours in an index as it is now.

    Beyond ``exact_up_to`` videos that is an inverted file, which is stored as ``<index>.<identity>.faiss``
    and brought up to date here. It can be deleted at any time: the index itself has all that it is made of.

    Raises:
        SoraError: the index cannot be read, or FAISS is needed and not installed.
    """
    ids = index.ids()
    if len(ids) <= exact_up_to:
        return ExactNeighbours(*index.vectors())
    path = index.path.with_name(f"{index.path.name}.{index.identity}.faiss")
    stored = read_neighbours(path)
    if stored is not None and stored.fits(len(ids), index.vectors(ids[:1])[1].shape[1]):
        if not _brought_up_to_date(stored, index, ids):
            return stored
        found = stored
    else:
        found = fitted_neighbours(*index.vectors())
    write_neighbours(path, found)
    for other in path.parent.glob("*.faiss"):
        if other != path and other.name.startswith(f"{index.path.name}."):  # of a deleted index of this name
            other.unlink(missing_ok=True)
    return found


def _brought_up_to_date(stored: ApproximateNeighbours, index: VideoIndex, ids: np.ndarray) -> bool:
    """Make ``stored`` hold exactly ``ids``; return whether that changed it."""
    held = stored.ids()
    gone, new = np.setdiff1d(held, ids), np.setdiff1d(ids, held)
    if len(gone):
        stored.index.remove_ids(gone)
    if len(new):
        new, vectors = index.vectors(new)
        stored.index.add_with_ids(vectors, new)
    return bool(len(gone) or len(new))
