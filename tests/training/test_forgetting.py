import numpy as np
import pytest

from sora.training.forgetting import effect


def test_a_new_label_may_take_what_is_old():
    targets = np.eye(3, dtype=np.float32)[[0, 0, 2, 1]]  # the label in the middle is new
    before = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.5, 0.5]])
    after = np.array([[0.9, 0.1, 0], [0.3, 0.6, 0.1], [0, 0, 1], [0, 1, 0]])
    found = effect(before, after, targets, [0, 2], several_labels=False)
    assert (found.num_videos, found.before, found.after, found.gained) == (4, 0.75, 0.75, 0)
    assert (found.old.num_videos, found.old.before, found.old.after_among_old) == (3, 1.0, 1.0)
    assert found.old.after == pytest.approx(2 / 3)
    assert found.old.forgotten == pytest.approx(1 / 3)
    assert found.old.forgotten_among_old == 0
    assert effect(before[3:], after[3:], targets[3:], [0, 2], several_labels=False).old is None


def test_of_several_labels_each_answer_counts():
    targets = np.array([[1, 0, 0], [0, 0, 1]], np.float32)  # the last label is new
    before, after = np.array([[0.9, 0.1], [0.9, 0.1]]), np.array([[0.9, 0.1, 1], [0.1, 0.1, 1]])
    found = effect(before, after, targets, [0, 1], several_labels=True)
    assert (found.before, found.after) == pytest.approx((4 / 6, 5 / 6))
    assert (found.old.num_videos, found.old.before, found.old.after_among_old) == (1, 1.0, 1.0)
    assert found.old.after == pytest.approx(2 / 3)
