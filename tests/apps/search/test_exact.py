import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sora.apps.search import exact
from sora.apps.search.exact import ExactNeighbours

few = st.sampled_from([-1.0, 0.0, 0.5, 1.0])  # so that ties are common


@given(arrays(np.float32, (7, 2), elements=few), arrays(np.float32, (3, 2), elements=few), st.integers(1, 9))
def test_the_nearest_come_first_and_equal_ones_by_id(vectors, queries, top):
    ids = np.arange(7) * 10
    found = ExactNeighbours(ids, vectors).nearest(queries, top)
    for query, row, similarities in zip(queries, *found, strict=True):
        likeness = vectors @ query
        expected = sorted(range(7), key=lambda n: -likeness[n])[:top]
        # A tie at the end may go to any of its members.
        assert similarities.tolist() == [likeness[n] for n in expected]
        assert [likeness[n // 10] for n in row] == similarities.tolist()
        pairs = list(zip((-similarities).tolist(), row.tolist(), strict=True))
        assert pairs == sorted(pairs)
        assert len(set(row.tolist())) == len(row)


def test_many_queries_are_taken_in_parts(monkeypatch):
    rng = np.random.default_rng(0)
    neighbours = ExactNeighbours(np.arange(50), rng.normal(size=(50, 4)).astype(np.float32))
    queries = rng.normal(size=(9, 4)).astype(np.float32)
    whole = neighbours.nearest(queries, 5)
    monkeypatch.setattr(exact, "_MAX_SIMILARITIES_AT_ONCE", 100)
    parts = neighbours.nearest(queries, 5)
    np.testing.assert_array_equal(parts.ids, whole.ids)
    np.testing.assert_allclose(parts.similarities, whole.similarities, rtol=1e-5)


def test_nothing_has_no_neighbours():
    found = ExactNeighbours(np.zeros(0, np.int64), np.zeros((0, 0), np.float32)).nearest(np.ones((2, 3)), 5)
    assert found.ids.shape == (2, 0)
