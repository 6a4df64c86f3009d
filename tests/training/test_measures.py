import numpy as np
import pytest

from sora.training.fusion import probabilities_of
from sora.training.measures import accuracy, log_loss, logit_loss


def test_log_loss_and_accuracy_of_one_label_a_video():
    probabilities = np.array([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7], [1, 0, 0]], np.float32)
    targets = np.eye(3, dtype=np.float32)[[0, 1, 0]]
    expected = -np.log([0.5, 0.2, 1]).mean()
    assert log_loss(probabilities, targets, several_labels=False) == pytest.approx(expected)
    assert accuracy(probabilities, targets, several_labels=False) == pytest.approx(2 / 3)


def test_log_loss_and_accuracy_of_several_labels_a_video():
    probabilities = np.array([[0.5, 0.25], [0.1, 0.8]], np.float32)
    targets = np.array([[1, 1], [0, 1]], np.float32)
    expected = -np.log([0.5, 0.25, 0.9, 0.8]).mean()
    assert log_loss(probabilities, targets, several_labels=True) == pytest.approx(expected)
    assert accuracy(probabilities, targets, several_labels=True) == 0.75


def test_log_loss_of_what_was_held_impossible_is_finite():
    wrong = log_loss(np.array([[1.0, 0.0]], np.float32), np.array([[0, 1]]), several_labels=False)
    assert wrong == pytest.approx(15.9, abs=0.1)


def test_logit_loss_of_one_and_of_several_labels():
    logits = np.log([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]])
    assert logit_loss(logits, np.eye(3)[[0, 2]], several_labels=False) == pytest.approx(
        -np.log(0.5 * 0.8) / 2
    )
    odds = np.array([[0.0, np.log(3)]])
    expected = -np.log(0.5 * 0.25) / 2
    assert logit_loss(odds, np.array([[1, 0]]), several_labels=True) == pytest.approx(expected)
    np.testing.assert_allclose(probabilities_of(odds, several_labels=True), [[0.5, 0.75]])
