"""Neighbours of an index file, above and below the number from which on they are approximate."""

from pathlib import Path

import numpy as np
import pytest

from sora.apps.index.entries import Entry
from sora.apps.index.store import VideoIndex, create_index
from sora.apps.index.vectors import unit_rows
from sora.apps.search.approximate import ApproximateNeighbours, fitted_neighbours, recall
from sora.apps.search.exact import ExactNeighbours
from sora.apps.search.neighbours import load_neighbours

NUM_VIDEOS, NUM_VALUES = 600, 8


def clustered(num: int, seed: int) -> np.ndarray:
    centres = np.random.default_rng(0).normal(size=(20, NUM_VALUES))
    rng = np.random.default_rng(seed)
    return unit_rows(centres[rng.integers(20, size=num)] + 0.4 * rng.normal(size=(num, NUM_VALUES)))


def put(index: VideoIndex, vectors: np.ndarray, prefix: str) -> None:
    entries = [Entry(f"{prefix}{n}", f"{prefix}{n}", "", ()) for n in range(len(vectors))]
    index.put(entries, vectors)


@pytest.fixture
def index(tmp_path) -> VideoIndex:
    index = create_index(tmp_path / "search.db", "model")
    put(index, clustered(NUM_VIDEOS, 1), "v")
    return index


def sidecars(index: VideoIndex) -> list[Path]:
    return list(index.path.parent.glob("*.faiss"))


def test_few_videos_are_compared_one_by_one(index):
    assert isinstance(load_neighbours(index), ExactNeighbours)
    assert sidecars(index) == []


def test_many_are_found_nearly_as_well_and_kept_beside_the_index(index):
    first = load_neighbours(index, exact_up_to=100)
    assert isinstance(first, ApproximateNeighbours)
    assert first.index.nprobe < first.index.nlist, "else nothing is approximate here"
    queries = clustered(100, 2)
    expected = ExactNeighbours(*index.vectors()).nearest(queries, 10)
    assert recall(first.nearest(queries, 10), expected) > 0.95
    (path,) = sidecars(index)
    written = path.stat().st_mtime_ns
    again = load_neighbours(index, exact_up_to=100)
    np.testing.assert_array_equal(again.nearest(queries, 10).ids, first.nearest(queries, 10).ids)
    assert path.stat().st_mtime_ns == written


def test_what_was_put_and_removed_since_is_followed(index):
    load_neighbours(index, exact_up_to=100)
    index.remove([f"v{n}" for n in range(50)])
    put(index, clustered(30, 3), "new")
    found = load_neighbours(index, exact_up_to=100)
    ids, vectors = index.vectors()
    assert isinstance(found, ApproximateNeighbours)
    np.testing.assert_array_equal(found.ids(), ids)
    np.testing.assert_array_equal(found.nearest(vectors[-30:], 1).ids[:, 0], ids[-30:])


def test_it_is_made_anew_where_it_is_damaged_or_fits_no_more(index):
    first = load_neighbours(index, exact_up_to=100)
    (path,) = sidecars(index)
    path.write_bytes(path.read_bytes()[:1000])
    np.testing.assert_array_equal(load_neighbours(index, exact_up_to=100).ids(), index.ids())
    put(index, clustered(5 * NUM_VIDEOS, 4), "many")
    grown = load_neighbours(index, exact_up_to=100)
    assert (first.index.nlist, grown.index.nlist) == (15, 90)
    index.replace_all("other", [Entry("a", "a", "", ()), Entry("b", "b", "", ())], np.eye(2, 3))
    assert load_neighbours(index, exact_up_to=1).size == 3


def test_those_of_a_deleted_index_go(index):
    load_neighbours(index, exact_up_to=100)
    (old,) = sidecars(index)
    index.path.unlink()
    index = create_index(index.path, "model")
    put(index, clustered(NUM_VIDEOS, 5), "v")
    load_neighbours(index, exact_up_to=100)
    (new,) = sidecars(index)
    assert new != old


def test_where_nothing_is_near_all_cells_are_looked_through():
    vectors = unit_rows(np.random.default_rng(0).normal(size=(400, 60)))
    found = fitted_neighbours(np.arange(400), vectors)
    expected = ExactNeighbours(np.arange(400), vectors).nearest(vectors, 10)
    assert recall(found.nearest(vectors, 10), expected) > 0.97
