"""How good parameters of train are, by validation on groups inside the training split."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from sora.features import FeatureSet
from sora.manifest import labels_in
from sora.training.fitted import require_all_labels, targets
from sora.training.folds import group_folds
from sora.training.measures import accuracy, log_loss
from sora.training.on_features import fit
from sora.training.spec import TrainSpec

Metric = Literal["log_loss", "accuracy"]


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


def _rows(features: FeatureSet, chosen: np.ndarray) -> FeatureSet:
    return replace(features, videos=features.videos[chosen], features=features.features[chosen])


def _several_labels(features: FeatureSet) -> bool:
    return any(len(labels_in(label)) > 1 for label in features.videos["label"])
