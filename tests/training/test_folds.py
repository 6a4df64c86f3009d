import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora.errors import SoraError
from sora.training.folds import group_folds


def folds_of(groups, classes, *, several_labels=False, num_folds=5, seed=0):
    targets = np.asarray(classes) if several_labels else np.eye(max(classes) + 1)[classes]
    labels = [f"label{i}" for i in range(targets.shape[1])]
    return group_folds(groups, targets, labels, several_labels=several_labels, num_folds=num_folds, seed=seed)


@given(st.lists(st.integers(2, 6), min_size=2, max_size=5), st.integers(2, 6), st.integers(0, 99), st.data())
def test_groups_stay_whole_and_every_label_stays_in_the_others(groups_per_label, num_folds, seed, data):
    rows = [(f"{label}-{group}", label) for label, n in enumerate(groups_per_label) for group in range(n)]
    rows = data.draw(st.permutations([*rows, *rows[::2]]))
    groups, classes = [group for group, _ in rows], np.array([label for _, label in rows])
    folds = folds_of(groups, classes, num_folds=num_folds, seed=seed)
    assert len({(group, int(fold)) for group, fold in zip(groups, folds, strict=True)}) == len(set(groups))
    assert set(folds) == set(range(min(num_folds, len(set(groups)))))
    assert all(set(classes[folds != fold]) == set(classes) for fold in set(folds))
    order = sorted(range(len(rows)), key=lambda i: rows[i])
    in_order = folds_of([groups[i] for i in order], classes[order], num_folds=num_folds, seed=seed)
    assert in_order.tolist() == folds[order].tolist()


def test_labels_are_spread_evenly():
    groups = [f"{label}-{i}" for label in range(3) for i in range(10)]
    classes = np.repeat(np.arange(3), 10)
    folds = folds_of(groups, classes)
    assert all(np.bincount(classes[folds == fold]).tolist() == [2, 2, 2] for fold in range(5))
    assert folds_of(groups, classes, seed=1).tolist() != folds.tolist()


def test_forty_labels_of_three_videos_can_be_parted_in_five():
    classes = np.repeat(np.arange(40), 3)
    folds = folds_of([f"g{i}" for i in range(120)], classes)
    assert np.bincount(folds).tolist() == [24] * 5
    assert all(set(classes[folds != fold]) == set(range(40)) for fold in range(5))


def test_both_sides_of_each_of_several_labels_stay():
    targets = np.array([[1, 0], [1, 1], [1, 1], [0, 1], [0, 1], [1, 0]])
    folds = folds_of(list("abcdef"), targets, several_labels=True, num_folds=3)
    for fold in range(3):
        rest = targets[folds != fold]
        assert set(rest[:, 0]) == set(rest[:, 1]) == {0, 1}


def test_too_few_groups_say_which_label_and_how_many():
    with pytest.raises(
        SoraError, match="label 'label1': expected training videos of at least 2 groups, got 1"
    ):
        folds_of(["a", "b", "c", "c"], [0, 0, 1, 1])
    with pytest.raises(SoraError, match=r"absence of label 'label0': expected .* got 1"):
        folds_of(list("abc"), [[1, 0], [1, 1], [0, 1]], several_labels=True)
