"""How good the answers are under one corruption, beside those on the clean clips."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sora.evaluation.answers import answers
from sora.evaluation.comparison import answers_right
from sora.evaluation.intervals import mean_interval
from sora.evaluation.predictions import predicted_labels


@dataclass(frozen=True)
class Asked:
    """What N videos are, and what may be answered.

    Attributes:
        true: the label of each; several are joined by ``;``.
        groups: the source of each: videos of one group are not independent.
        labels: the C names, in the order of the probabilities.
        several_labels: whether the probabilities are independent of each other.
    """

    true: Sequence[str]
    groups: list[str]
    labels: Sequence[str]
    several_labels: bool

    @cached_property
    def is_true(self) -> np.ndarray:
        """Whether each video has each label, bool (N, C)."""
        return answers(self.true, self.labels).astype(bool)

    def answers(self, probabilities: np.ndarray) -> np.ndarray:
        """Return the decision on each video, str (N,), for probabilities float (N, C)."""
        return np.array(predicted_labels(probabilities, self.labels, several_labels=self.several_labels))

    def is_right(self, probabilities: np.ndarray) -> np.ndarray:
        """Return whether all labels of each video are named and no other, bool (N,)."""
        return answers_right(self.true, self.answers(probabilities))


def accuracy_scores(probabilities: np.ndarray, asked: Asked) -> dict[str, float]:
    """Return accuracy with its 95 % interval over groups, for probabilities float (N, C); in [0, 1]."""
    right = asked.is_right(probabilities)
    low, high, _ = mean_interval(right, asked.groups)
    return {
        "accuracy": float(right.mean()),
        "accuracy_interval_low": low,
        "accuracy_interval_high": high,
    }


def scores_beside(clean: np.ndarray, probabilities: np.ndarray, asked: Asked) -> dict[str, Any]:
    """Return accuracy, the mean probability of the true labels, and the share of answers that stay.

    Args:
        clean: float (N, C), of the clips as they are.
        probabilities: float (N, C), of the clips made worse.
        asked: what the videos are.
    """
    of_true = np.where(asked.is_true, probabilities, 0).sum(axis=1) / asked.is_true.sum(axis=1)
    return {
        **accuracy_scores(probabilities, asked),
        "mean_probability": float(of_true.mean()),
        "agreement": float((asked.answers(clean) == asked.answers(probabilities)).mean()),
    }
