import numpy as np
import pytest

from sora.compression.figures import Videos, judged

LABELS = ["run", "walk"]
VIDEOS = Videos(
    splits=["val", "val", "test", "test", "test", "test"],
    labels=["run", "walk", "run", "run", "walk", "walk"],
    groups=["a", "b", "c", "d", "e", "f"],
)
FLOAT = np.array([[0.9, 0.1], [0.2, 0.8], [0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]], np.float32)
SMALLER = np.array([[0.8, 0.2], [0.6, 0.4], [0.9, 0.1], [0.4, 0.6], [0.45, 0.55], [0.2, 0.8]], np.float32)


def test_validation_and_test_videos_are_told_apart():
    found = judged(SMALLER, FLOAT, VIDEOS, LABELS, several_labels=False)
    assert (found.val_accuracy, found.val_agreement) == (0.5, 0.5)
    assert (found.metrics["accuracy"], found.agreement) == (0.75, 1.0)
    assert found.max_probability_change == pytest.approx(0.4)
    assert found.row()["accuracy_interval_low"] <= 0.75 <= found.row()["accuracy_interval_high"]


def test_the_float_network_agrees_with_itself():
    found = judged(FLOAT, FLOAT, VIDEOS, LABELS, several_labels=False)
    assert (found.val_accuracy, found.val_agreement, found.agreement) == (1.0, 1.0, 1.0)
    assert found.max_probability_change == 0


def test_all_labels_of_a_video_must_stay():
    rows = np.tile(np.array([[0.9, 0.8]], np.float32), (6, 1))
    one_less = rows.copy()
    one_less[0, 1] = 0.4
    found = judged(one_less, rows, VIDEOS, LABELS, several_labels=True)
    assert (found.val_agreement, found.agreement) == (0.5, 1.0)


def test_without_validation_videos_there_is_nothing_to_judge_by():
    test = Videos(["test"] * 6, VIDEOS.labels, VIDEOS.groups)
    found = judged(SMALLER, FLOAT, test, LABELS, several_labels=False)
    assert found.val_accuracy is found.val_agreement is None
