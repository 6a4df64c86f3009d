"""How good parameters of train are, by validation on groups inside the training split."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from sora.features import FeatureSet
from sora.manifest import labels_in
from sora.training.fitted import require_all_labels, targets
from sora.training.folds import group_folds
from sora.training.on_features import fit
from sora.training.spec import TrainSpec

Metric = Literal["log_loss", "accuracy"]

_SMALLEST = float(np.finfo(np.float32).eps)  # a probability is not known better than this


@dataclass(frozen=True)
class Problem:
    """What does not change from trial to trial.

    Attributes:
        features: of the videos of train and val, all their views.
        labels: their names, sorted.
        folds: int (N,), the fold in which each row is held out.
        metric: what a trial is judged by.
        seed: of each fit.
    """

    features: FeatureSet
    labels: list[str]
    folds: np.ndarray
    metric: Metric
    seed: int

    @property
    def num_folds(self) -> int:
        """How often the videos are parted; the groups may not suffice for what was asked."""
        return int(self.folds.max()) + 1


def build_problem(features: FeatureSet, *, metric: Metric, num_folds: int, seed: int) -> Problem:
    """Deal the videos out to folds.

    Raises:
        SoraError: the videos or their groups do not suffice.
    """
    labels = sorted({label for joined in features.videos["label"] for label in labels_in(joined)})
    require_all_labels(features.videos, labels)
    folds = group_folds(
        list(features.videos["group"]),
        targets(features.videos["label"], labels),
        labels,
        several_labels=_several_labels(features),
        num_folds=num_folds,
        seed=seed,
    )
    return Problem(features, labels, folds, metric, seed)


def fold_score(problem: Problem, params: TrainSpec, fold: int) -> float:
    """Fit as train would with the other folds alone, and judge by the videos (not the views) of ``fold``.

    What train holds back of the others, for early stopping, is their part of val: ``fold`` takes no part.

    Raises:
        SoraError: the fit fails.
    """
    held = problem.folds == fold
    fitted = fit(_rows(problem.features, ~held), problem.labels, params, problem.seed)
    judged = _rows(problem.features, held & (problem.features.videos["view"] == 0).to_numpy())
    probabilities = fitted.model.predict(judged.features, verbose=0)[0]
    wanted = targets(judged.videos["label"], problem.labels)
    measure = log_loss if problem.metric == "log_loss" else accuracy
    return measure(probabilities, wanted, several_labels=_several_labels(problem.features))


def log_loss(probabilities: np.ndarray, targets: np.ndarray, *, several_labels: bool) -> float:
    """Return the mean cross-entropy in nats, per video, or per video and label where those have several.

    Args:
        probabilities: (N, C), in [0, 1].
        targets: (N, C), 1 where the video has the label, else 0.
    """
    if several_labels:
        likelihood = np.where(targets > 0, probabilities, 1 - probabilities)
    else:
        likelihood = (probabilities * targets).sum(axis=1)
    return float(-np.log(np.maximum(likelihood.astype(np.float64), _SMALLEST)).mean())


def accuracy(probabilities: np.ndarray, targets: np.ndarray, *, several_labels: bool) -> float:
    """Return the share of right videos, or of right answers about a video and a label; see ``log_loss``."""
    if several_labels:
        return float(((probabilities >= 0.5) == (targets > 0)).mean())
    return float((probabilities.argmax(axis=1) == targets.argmax(axis=1)).mean())


def _rows(features: FeatureSet, chosen: np.ndarray) -> FeatureSet:
    return replace(features, videos=features.videos[chosen], features=features.features[chosen])


def _several_labels(features: FeatureSet) -> bool:
    return any(len(labels_in(label)) > 1 for label in features.videos["label"])
