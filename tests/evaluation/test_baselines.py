import numpy as np
import pytest

from sora.evaluation.baselines import (
    against_model,
    mean_pooled_probabilities,
    metadata_probabilities,
    plain_columns,
)

GROUPS = [f"g{number // 4}" for number in range(60)]


def blobs(seed: int, num_columns: int, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Rows of three labels, each around its own corner, and their targets."""
    rng = np.random.default_rng(seed)
    labels = np.arange(60) % 3
    centres = np.random.default_rng(9).normal(size=(3, num_columns))
    return centres[labels] + rng.normal(0, spread, (60, num_columns)), np.eye(3)[labels]


def share_right(probabilities: np.ndarray, targets: np.ndarray) -> float:
    return float((probabilities.argmax(axis=1) == targets.argmax(axis=1)).mean())


def test_features_that_tell_are_learned_and_scale_does_not_matter():
    (train, targets), (test, wanted) = blobs(0, 200), blobs(1, 200)
    found = mean_pooled_probabilities(train, targets, GROUPS, test, several_labels=False, seed=0)
    assert found.shape == (60, 3)
    assert np.allclose(found.sum(axis=1), 1)
    assert share_right(found, wanted) > 0.95
    scale = np.geomspace(1e-3, 1e3, 200)
    again = mean_pooled_probabilities(
        train * scale, targets, GROUPS, test * scale, several_labels=False, seed=0
    )
    assert np.allclose(found, again, atol=1e-3)


def test_the_penalty_is_chosen_on_other_groups():
    """Each group has a direction of its own: only what holds in other groups may be believed."""
    rng = np.random.default_rng(0)
    train = np.repeat(rng.normal(size=(15, 40)), 4, axis=0) + rng.normal(0, 0.01, (60, 40))
    targets = np.eye(2)[np.repeat(rng.integers(2, size=15), 4)]
    test = rng.normal(size=(50, 40))
    of_groups = mean_pooled_probabilities(train, targets, GROUPS, test, several_labels=False, seed=0)
    every_row_its_own = [str(number) for number in range(60)]
    of_rows = mean_pooled_probabilities(train, targets, every_row_its_own, test, several_labels=False, seed=0)
    assert of_groups.max(axis=1).mean() < of_rows.max(axis=1).mean() - 0.05


def test_the_span_of_few_videos_gives_the_same_answers_as_all_columns():
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    (train, targets), (test, _) = blobs(0, 200, spread=3.0), blobs(1, 200, spread=3.0)
    one_group = ["a"] * 60  # no folds: the middle penalty
    found = mean_pooled_probabilities(train, targets, one_group, test, several_labels=False, seed=0)
    scaler = StandardScaler().fit(train)
    model = LogisticRegression(C=0.01, max_iter=2000).fit(scaler.transform(train), targets.argmax(axis=1))
    assert np.allclose(found, model.predict_proba(scaler.transform(test)), atol=1e-3)


def test_metadata_that_tell_are_used_and_others_are_chance():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    telling = np.stack([labels * 5.0, rng.normal(size=60)], axis=1)
    targets = np.eye(3)[labels]
    found = metadata_probabilities(telling, targets, telling, several_labels=False, seed=0)
    assert share_right(found, targets) == 1.0
    again = metadata_probabilities(telling, targets, telling, several_labels=False, seed=0)
    assert np.array_equal(found, again)
    noise = rng.normal(size=(60, 2))
    found = metadata_probabilities(noise, targets, rng.normal(size=(60, 2)), several_labels=False, seed=0)
    assert share_right(found, targets) < 0.6


@pytest.mark.parametrize("kind", ["metadata", "mean_pooled"])
def test_of_several_labels_each_is_told_on_its_own(kind: str):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))
    targets = np.concatenate([x[:, :2] > 0, np.ones((60, 1)), np.zeros((60, 1))], axis=1).astype(np.float32)
    if kind == "metadata":
        found = metadata_probabilities(x, targets, x, several_labels=True, seed=0)
    else:
        found = mean_pooled_probabilities(x, targets, GROUPS, x, several_labels=True, seed=0)
    assert found.shape == (60, 4)
    assert ((found > 0.5) == (targets > 0)).mean() > 0.9
    assert set(found[:, 2]) == {1.0}  # every training video has it
    assert set(found[:, 3]) == {0.0}  # none has


def test_a_label_of_one_group_still_gets_an_answer():
    x, targets = blobs(0, 5)
    groups = ["only" if label == 2 else f"g{number // 9}" for number, label in enumerate(np.arange(60) % 3)]
    found = mean_pooled_probabilities(x, targets, groups, x, several_labels=False, seed=0)
    assert share_right(found, targets) > 0.9


def test_plain_columns_are_those_of_frames():
    columns = {"rgb.mean": slice(0, 4), "rgb.quadrants": slice(4, 20), "crop.mean": slice(20, 24)}
    assert plain_columns(columns) == [slice(0, 4)]
    del columns["rgb.mean"]
    assert plain_columns(columns) == [slice(4, 20)]
    assert plain_columns({"crop.mean": slice(0, 4)}) == []


def test_the_difference_is_paired():
    model, baseline = np.ones(24, bool), np.arange(24) % 2 == 0
    groups = [str(number // 2) for number in range(24)]
    found = against_model(model, baseline, groups)
    assert (found["accuracy"], found["difference"]) == (0.5, 0.5)
    assert found["difference_low"] <= 0.5 <= found["difference_high"]
    same = against_model(baseline, baseline, groups)
    assert same["difference"] == 0.0
    assert same["difference_low"] < 0 < same["difference_high"]
