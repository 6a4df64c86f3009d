import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora.apps.recommend.measures import ndcg_at, recall_at
from sora.apps.recommend.ranking import closeness, diverse_top, popularity, relevance, watch_weights

NAN = np.nan


def test_a_watch_counts_by_age_then_rating_then_completion():
    weights = watch_weights(
        np.array([0, 10, 20, 0, 0, 0, 10]),
        np.array([NAN, NAN, NAN, 1, 3, 5, 5]),
        np.array([NAN, NAN, NAN, 1, 1, 0, NAN]),
        half_life_days=10,
    )
    assert weights.tolist() == [1, 0.5, 0.25, -1, 0, 1, 0.5]
    half = watch_weights(np.array([0.0]), np.array([NAN]), np.array([0.3]), 10)
    assert half.tolist() == [0.3]


def test_popularity_adds_a_watch_to_each_and_ignores_dislikes():
    shares = popularity(np.array([0, 0, 2]), np.array([1, 2, -1]), 3)
    assert shares.tolist() == pytest.approx([4 / 6, 1 / 6, 1 / 6])


def test_someone_may_have_two_tastes():
    vectors = np.eye(4)
    close = closeness(vectors, vectors[[0, 1]], sharpness=3)
    assert close[:, 0].tolist() == pytest.approx([1, np.exp(-3), np.exp(-3), np.exp(-3)])
    shares, everything = np.full(4, 0.25), np.ones(4, bool)
    found = relevance(close, np.ones(2), shares, 1, everything)
    assert found[:2].tolist() == [1, 1]
    assert (found[2:] < 0.2).all()


def test_popularity_decides_between_equals_and_where_nothing_is_liked():
    vectors, shares = np.eye(3), np.array([0.2, 0.5, 0.3])
    everything = np.ones(3, bool)
    close = closeness(vectors, vectors[[0]], 8)
    assert relevance(close, np.ones(1), shares, 1, everything).argsort().tolist() == [2, 1, 0]
    for nothing in (
        relevance(close, -np.ones(1), shares, 1, everything),
        relevance(np.zeros((3, 0)), np.zeros(0), shares, 1, everything),
    ):
        assert nothing.tolist() == pytest.approx([0.4, 1, 0.6])
    assert relevance(close, np.ones(1), shares, 0, ~everything).tolist() == [0, 0, 0]


def test_the_second_choice_is_unlike_the_first():
    vectors = np.array([[1, 0], [0.99, np.sqrt(1 - 0.99**2)], [0, 1]])
    relevances, everything = np.array([1, 0.9, 0.5]), np.ones(3, bool)
    assert diverse_top(relevances, vectors, everything, 3, 0).tolist() == [0, 1, 2]
    # By hand: 0.5 * 0.9 - 0.5 * 0.99 < 0.5 * 0.5 - 0.
    assert diverse_top(relevances, vectors, everything, 2, 0.5).tolist() == [0, 2]


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.floats(0, 1))
def test_only_what_is_allowed_is_chosen_each_once(seed: int, top: int, diversity: float):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(8, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    relevances, allowed = rng.random(8), rng.random(8) < 0.6
    chosen = diverse_top(relevances, vectors, allowed, top, diversity)
    assert len(chosen) == len(set(chosen.tolist())) == min(top, allowed.sum())
    assert allowed[chosen].all()
    if allowed.any() and diversity < 1:
        assert relevances[chosen[0]] == relevances[allowed].max()


def test_measures_by_hand():
    ranked = ["a", "b", "c", "d"]
    assert recall_at(ranked, ["b", "d", "x"], 3) == pytest.approx(1 / 3)
    best = 1 + 1 / np.log2(3)
    assert ndcg_at(ranked, ["b", "x"], 4) == pytest.approx(1 / np.log2(3) / best)
    assert ndcg_at(ranked, ["a", "b"], 4) == pytest.approx(1)
    assert ndcg_at([], ["a"], 4) == 0
    with pytest.raises(ValueError, match="at least one wanted"):
        recall_at(ranked, [], 3)
