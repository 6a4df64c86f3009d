from itertools import combinations
from math import e

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora.apps.summary.coverage import cover, coverage, similarities


@given(seed=st.integers(0, 10_000), size=st.integers(2, 9), count=st.integers(1, 4))
def test_greedy_keeps_its_guarantee(seed: int, size: int, count: int):
    rng = np.random.default_rng(seed)
    similarity, weights = similarities(rng.normal(size=(size, 3))), rng.uniform(0.1, 5, size)
    count = min(count, size)
    best = max(coverage(similarity, weights, chosen) for chosen in combinations(range(size), count))
    found = cover(similarity, weights, count)
    assert len(set(found)) == count
    assert best >= coverage(similarity, weights, found) >= (1 - 1 / e) * best - 1e-9


def test_each_of_three_groups_is_shown_once_before_any_twice():
    vectors = np.repeat(np.eye(3), [5, 1, 3], axis=0)
    chosen = cover(similarities(vectors), np.ones(9), 3)
    assert sorted(int(vectors[i].argmax()) for i in chosen) == [0, 1, 2]
    assert coverage(similarities(vectors), np.ones(9), chosen) == pytest.approx(1)


def test_the_longer_part_comes_first_and_a_start_is_kept():
    similarity = similarities(np.eye(3))
    assert cover(similarity, np.array([1.0, 5.0, 2.0]), 2) == [1, 2]
    assert cover(similarity, np.array([1.0, 5.0, 2.0]), 2, start=[0]) == [0, 1]
    assert cover(similarity, np.ones(3), 9, candidates=[2, 1]) == [2, 1]
    assert coverage(similarity, np.ones(3), []) == 0


def test_it_stops_where_all_is_covered_well_enough():
    vectors = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]])
    similarity = similarities(vectors)
    assert len(cover(similarity, np.ones(4), 4, enough=0.99)) == 2
    assert len(cover(similarity, np.ones(4), 4)) == 4
