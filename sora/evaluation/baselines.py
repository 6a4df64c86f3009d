"""What a model must beat: labels told from metadata, and from plain features by a linear classifier."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from sora.errors import SoraError
from sora.evaluation.intervals import mean_interval
from sora.quality.confounds import MIN_VIDEOS_IN_LEAF
from sora.training.folds import group_folds
from sora.training.measures import log_loss

_NUM_TREES = 200
_STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # inverse penalties, for standardised features
_STRENGTH_WITHOUT_FOLDS = 1e-2
_NUM_FOLDS = 5
_MAX_ITERATIONS = 2000
_MIN_STD = 1e-6

NewClassifier: TypeAlias = Callable[[], Any]


def metadata_probabilities(
    train: np.ndarray, targets: np.ndarray, test: np.ndarray, *, several_labels: bool, seed: int
) -> np.ndarray:
    """Return probabilities (M, C), float64, of a random forest (Breiman, 2001) on metadata.

    Args:
        train: (N, D), numbers of ``sora.quality.confounds.metadata_table``.
        targets: (N, C), 1 where a video has the label, else 0.
        test: (M, D), of the same columns.
        several_labels: whether a video may have several labels: then each label has a forest of its own.
        seed: of the forest.
    """
    from sklearn.ensemble import RandomForestClassifier

    def forest() -> RandomForestClassifier:
        return RandomForestClassifier(_NUM_TREES, min_samples_leaf=MIN_VIDEOS_IN_LEAF, random_state=seed)

    return _probabilities(forest, train, targets, test, several_labels)


def mean_pooled_probabilities(
    train: np.ndarray,
    targets: np.ndarray,
    groups: Sequence[str],
    test: np.ndarray,
    *,
    several_labels: bool,
    seed: int,
) -> np.ndarray:
    """Return probabilities (M, C), float64, of a logistic regression on standardised features.

    Its penalty is the one with the least log loss over inner folds of groups; the middle one where a label
    has too few groups for folds.

    Args:
        train: float (N, D), features of each training video, averaged over time.
        targets: (N, C), 1 where a video has the label, else 0.
        groups: the N names of the training videos' groups.
        test: float (M, D).
        several_labels: whether a video may have several labels: then each label is a problem of its own.
        seed: of the folds.
    """
    known, asked = _standardised(train, test)
    strength = _chosen_strength(known, targets, groups, several_labels, seed)
    return _probabilities(_logistic(strength), known, targets, asked, several_labels)


def plain_columns(columns: Mapping[str, slice]) -> list[slice]:
    """Return the columns of stored features that are of plain frames: ``rgb.mean``, else all of rgb."""
    if "rgb.mean" in columns:
        return [columns["rgb.mean"]]
    return [block for name, block in columns.items() if name.partition(".")[0] == "rgb"]


def against_model(
    model_is_right: np.ndarray, baseline_is_right: np.ndarray, groups: list[str]
) -> dict[str, float]:
    """Return a baseline's accuracy and by how much the model beats it, with 95 % intervals over groups.

    Both arguments are bool (M,), of the same videos, so that ``difference``, model minus baseline, is paired.
    """
    difference = model_is_right.astype(float) - baseline_is_right
    own = mean_interval(baseline_is_right, groups)
    paired = mean_interval(difference, groups, bounds=(-1.0, 1.0))
    return {
        "accuracy": float(baseline_is_right.mean()),
        "accuracy_interval_low": own.low,
        "accuracy_interval_high": own.high,
        "difference": float(difference.mean()),
        "difference_low": paired.low,
        "difference_high": paired.high,
    }


def _chosen_strength(
    features: np.ndarray, targets: np.ndarray, groups: Sequence[str], several_labels: bool, seed: int
) -> float:
    names = [str(number) for number in range(targets.shape[1])]
    try:
        folds = group_folds(
            groups, targets, names, several_labels=several_labels, num_folds=_NUM_FOLDS, seed=seed
        )
    except SoraError:  # too few groups, which is no fault here
        return _STRENGTH_WITHOUT_FOLDS
    losses = {}
    for strength in _STRENGTHS:
        held_out = np.empty(targets.shape)
        for fold in np.unique(folds):
            kept, left_out = folds != fold, folds == fold
            held_out[left_out] = _probabilities(
                _logistic(strength), features[kept], targets[kept], features[left_out], several_labels
            )
        losses[strength] = log_loss(held_out, targets, several_labels=several_labels)
    return min(losses, key=losses.__getitem__)


def _logistic(strength: float) -> NewClassifier:
    from sklearn.linear_model import LogisticRegression

    return lambda: LogisticRegression(C=strength, max_iter=_MAX_ITERATIONS)


def _standardised(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scale by the training rows; fewer rows than columns are turned into their span: no answer changes."""
    mean, std = train.mean(axis=0, dtype=np.float64), train.std(axis=0, dtype=np.float64)
    known, asked = ((rows - mean) / np.maximum(std, _MIN_STD) for rows in (train, test))
    if len(known) >= known.shape[1]:
        return known, asked
    span, coordinates = np.linalg.qr(known.T)
    return coordinates.T, asked @ span


def _probabilities(
    new: NewClassifier, train: np.ndarray, targets: np.ndarray, test: np.ndarray, several_labels: bool
) -> np.ndarray:
    if several_labels:
        return np.stack([_of_one_label(new, train, target, test) for target in targets.T], axis=1)
    fitted = new().fit(train, targets.argmax(axis=1))
    found = np.zeros((len(test), targets.shape[1]))
    found[:, fitted.classes_] = fitted.predict_proba(test)
    return found


def _of_one_label(new: NewClassifier, train: np.ndarray, target: np.ndarray, test: np.ndarray) -> np.ndarray:
    if target.min() == target.max():  # every training video has it, or none
        return np.full(len(test), float(target[0]))
    return new().fit(train, target.astype(int)).predict_proba(test)[:, 1]
