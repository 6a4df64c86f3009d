import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora.apps.moderation.threshold import precision_recall, threshold_for_recall
from sora.errors import SoraError


@given(
    rows=st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=60).filter(
        lambda rows: any(positive for _, positive in rows)
    ),
    wanted=st.floats(0.05, 1),
)
def test_it_is_the_highest_threshold_that_finds_enough(rows, wanted):
    scores = np.array([score / 20 for score, _ in rows])
    positive = np.array([answer for _, answer in rows])
    found = threshold_for_recall(scores, positive, wanted)

    def recall(value):
        return (scores[positive] >= value).mean()

    assert recall(found.value) >= wanted - 1e-9
    assert found.recall == pytest.approx(recall(found.value))
    assert found.precision == pytest.approx(positive[scores >= found.value].mean())
    higher = scores[scores > found.value]
    assert not len(higher) or recall(higher.min()) < wanted
    assert found.recall_low <= found.recall <= found.recall_high
    assert found.certain_value is None or found.certain_value <= found.value


def test_the_curve_counts_equal_scores_together():
    curve = precision_recall(np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, True, False, False]))
    np.testing.assert_allclose(curve, [[0.9, 1, 0.5], [0.5, 2 / 3, 1], [0.1, 0.5, 1]])


def test_few_positives_are_said_to_be_few():
    few = threshold_for_recall(np.array([0.9, 0.8, 0.7, 0.1]), np.array([True, True, True, False]), 0.95)
    assert (few.value, few.certain_value, few.num_needed) == (0.7, None, 72)
    assert "that takes 72 to be found" in few.text
    scores = np.linspace(0, 1, 400)
    many = threshold_for_recall(scores, scores > 0.5, 0.9)
    assert many.certain_value is not None
    assert many.certain_value < many.value
    assert many.recall_low < 0.9 <= many.recall


@pytest.mark.parametrize(
    ("scores", "positive", "wanted", "message"),
    [
        ([0.1], [False], 0.9, "there is none"),
        ([0.1], [True, False], 0.9, "as many"),
        ([np.nan], [True], 0.9, "finite"),
        ([0.1], [True], 0.0, "above 0"),
    ],
)
def test_what_gives_no_threshold_is_one_clear_error(scores, positive, wanted, message):
    with pytest.raises(SoraError, match=message):
        threshold_for_recall(np.array(scores), np.array(positive), wanted)
