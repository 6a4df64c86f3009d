import numpy as np
import pytest

from sora.robustness.scores import Asked, accuracy_scores, scores_beside

ONE = Asked(["a", "b", "a", "b"], ["g1", "g2", "g3", "g4"], ["a", "b"], several_labels=False)
CLEAN = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]])
WORSE = np.array([[0.4, 0.6], [0.3, 0.7], [0.6, 0.4], [0.8, 0.2]])


def test_scores_of_one_label():
    scores = scores_beside(CLEAN, WORSE, ONE)
    assert scores["accuracy"] == 0.5
    assert scores["mean_probability"] == pytest.approx((0.4 + 0.7 + 0.6 + 0.2) / 4)
    assert scores["agreement"] == 0.75
    assert 0 <= scores["accuracy_interval_low"] < 0.5 < scores["accuracy_interval_high"] <= 1
    assert accuracy_scores(CLEAN, ONE)["accuracy"] == 0.75


def test_with_several_labels_all_must_be_named_and_no_other():
    asked = Asked(["a;b", "b", "a;c"], ["g1", "g2", "g3"], ["a", "b", "c"], several_labels=True)
    given = np.array([[0.9, 0.6, 0.1], [0.8, 0.9, 0.0], [0.9, 0.2, 0.3]])
    scores = scores_beside(given, given, asked)
    assert scores["accuracy"] == pytest.approx(1 / 3)
    assert scores["mean_probability"] == pytest.approx((0.75 + 0.9 + 0.6) / 3)
    assert scores["agreement"] == 1
