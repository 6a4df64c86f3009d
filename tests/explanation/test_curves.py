import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora.explanation.curves import area, selections, summary, video_curves

DECISIVE = np.array([0, 0, 3, 0, 2, 1, 0, 0, 0, 0, 0, 0])  # a quarter of the parts, ever more


def probability(kept):
    return float(DECISIVE[kept].sum()) / 6


def curves(importance=DECISIVE, num_random=40, num_steps=4):
    return video_curves(importance, probability, (1, 0), num_steps=num_steps, num_random=num_random, seed=[0])


def test_what_decides_is_deleted_and_shown_first():
    found = curves(DECISIVE.reshape(3, 4))
    np.testing.assert_allclose(found.deletion, [1, 0, 0, 0, 0])
    np.testing.assert_allclose(found.insertion, [0, 1, 1, 1, 1])
    np.testing.assert_allclose(found.random.mean(axis=0), [1, 0.75, 0.5, 0.25, 0], atol=0.12)
    np.testing.assert_array_equal(found.random, curves().random)


def test_a_summary_says_whether_saliency_beats_random():
    backwards = curves(-DECISIVE)
    found = summary([curves(), curves(), backwards])
    for kind, better in (("deletion", np.less), ("insertion", np.greater)):
        assert found[kind]["num_videos_better"] == 2
        assert found[kind]["fractions"] == [0, 0.25, 0.5, 0.75, 1]
        alone = summary([curves()])[kind]
        assert better(alone["saliency_area"], alone["random_area"])
        assert alone["random_area"] == pytest.approx(0.5, abs=0.08)
    assert summary([backwards])["deletion"]["saliency_area"] == pytest.approx(0.875)
    assert summary([curves()])["deletion"]["saliency_area"] == pytest.approx(0.125)
    assert found["deletion"]["saliency"][1] == pytest.approx(1 / 3, abs=1e-6)


@given(st.permutations(range(11)), st.integers(1, 15))
def test_selections_grow_from_nothing_to_all_in_the_order(order, num_steps):
    found = selections(np.array(order), num_steps)
    assert found.shape == (num_steps + 1, 11)
    assert not found[0].any()
    assert found[-1].all()
    for row in found:
        assert set(np.flatnonzero(row)) == set(order[: row.sum()])


def test_area_is_the_mean_height():
    assert area(np.array([1.0, 1.0, 1.0])) == 1
    assert area(np.array([1.0, 0.0])) == 0.5
    assert area(np.array([0.0, 0.0, 1.0])) == 0.25
