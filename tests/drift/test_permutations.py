from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora.drift.permutations import assignments, holm, in_parts, p_value


@given(st.integers(2, 8), st.data())
def test_few_units_are_dealt_out_in_every_way_once_the_true_one_first(num_units, data):
    num_window = data.draw(st.integers(1, num_units - 1))
    dealt = assignments(num_units, num_window, seed=0)
    assert np.flatnonzero(dealt[0]).tolist() == list(range(num_units - num_window, num_units))
    found = {tuple(np.flatnonzero(row).tolist()) for row in dealt}
    assert found == set(combinations(range(num_units), num_window))
    assert len(found) == len(dealt)


def test_many_units_are_dealt_out_at_random_the_same_for_one_seed():
    dealt = assignments(40, 10, seed=3, num_permutations=99)
    assert dealt.shape == (100, 40)
    assert (dealt.sum(axis=1) == 10).all()
    assert dealt[0, 30:].all()
    assert len(np.unique(dealt, axis=0)) == 100
    np.testing.assert_array_equal(dealt, assignments(40, 10, seed=3, num_permutations=99))
    assert (dealt != assignments(40, 10, seed=4, num_permutations=99)).any()


def test_a_p_value_counts_what_is_at_least_as_extreme_itself_included():
    assert p_value(np.array([3.0, 1, 2, 4])) == 0.5
    assert p_value(np.array([5.0, 1, 2, 4])) == 0.25
    assert p_value(np.array([0.1 + 0.2, 0.3, 0.1, 0.2])) == 0.5  # equal but for rounding


def test_parts_give_what_the_whole_gives():
    dealt = assignments(30, 9, seed=0, num_permutations=700)
    np.testing.assert_array_equal(
        in_parts(lambda rows: rows @ np.arange(30.0), dealt), dealt @ np.arange(30.0)
    )


def test_holm_gives_the_textbook_values():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_holm_keeps_the_order_and_lies_between_none_and_bonferroni(values):
    found = np.array(holm(values))
    assert (found >= np.array(values)).all()
    assert (found <= np.minimum(1, len(values) * np.array(values) + 1e-12)).all()
    assert (np.diff(found[np.argsort(values, kind="stable")]) >= 0).all()
