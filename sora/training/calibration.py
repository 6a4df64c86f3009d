"""The temperature that makes a classifier as sure of itself as it is right."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sora.training.fusion import probabilities_of
from sora.training.measures import logit_loss

_MOST = 20.0  # beyond it, or below its inverse, probabilities are all alike or all certain
_DIGITS = 4
_CONFIDENCE = 0.99  # slopes of few groups are skewed: Student's t at 95 % is wrong in one of eight


@dataclass(frozen=True)
class Calibration:
    """What was found.

    Attributes:
        temperature: by which logits are divided; above 1 a model is too sure of itself.
        reason: how it was found, or why it is 1.
        log_loss_before, log_loss_after: mean cross-entropy in nats of the videos it was found on, per video,
            or per video and label; None where there are none.
    """

    temperature: float
    reason: str
    log_loss_before: float | None = None
    log_loss_after: float | None = None


NOT_WANTED = Calibration(1.0, "not fitted: train.calibrate is false")


def calibration(
    logits: np.ndarray,
    targets: np.ndarray,
    groups: Sequence[str],
    *,
    several_labels: bool,
    videos: str,
) -> Calibration:
    """Find the temperature of least log loss (Guo et al., "On Calibration of Modern Neural Networks", 2017).

    It stays 1 unless the loss falls on one side of 1 for more than chance, over groups: a temperature of few
    videos would be noise. On that side it is fitted to targets that are drawn in a little, as if each answer
    had also been wrong once (Platt, "Probabilistic Outputs for Support Vector Machines", 1999), so that
    videos that are all right do not make a model certain. No decision changes: neither which logit is
    highest, nor which are above 0.

    Args:
        logits: float (N, C), of videos that the model had not learned.
        targets: (N, C), 1 where the video has the label, else 0.
        groups: the source of each video.
        several_labels: whether the logits are of sigmoids, not of one softmax.
        videos: what the videos are, for ``reason``.
    """
    if not len(logits):
        return no_videos(videos)
    before = logit_loss(logits, targets, several_labels=several_labels)
    direction = _direction(logits, targets, groups, several_labels)
    if direction == 0:
        reason = f"not needed: on {videos} no other is better by more than chance"
        return Calibration(1.0, reason, before, before)
    temperature = _fitted(logits, _drawn_in(targets, several_labels), direction, several_labels)
    after = logit_loss(logits / temperature, targets, several_labels=several_labels)
    return Calibration(temperature, f"fitted on {videos}", before, after)


def no_videos(videos: str) -> Calibration:
    """Return what is found where there are none."""
    return Calibration(1.0, f"not fitted: there are no {videos}")


def _drawn_in(targets: np.ndarray, several_labels: bool) -> np.ndarray:
    num_videos, num_labels = targets.shape
    wrong = 1 / (num_videos + 2)
    num_others = 1 if several_labels else num_labels - 1
    return np.where(targets > 0, 1 - wrong, wrong / num_others)


def _direction(logits: np.ndarray, targets: np.ndarray, groups: Sequence[str], several_labels: bool) -> float:
    """Return 1 where a higher temperature is better, -1 where a lower is, 0 where it cannot be told.

    Student's t, over sums of groups, of the slope of the loss at temperature 1.
    """
    from scipy import stats

    wrong = probabilities_of(logits, several_labels=several_labels) - targets
    slopes = (wrong * logits).sum(axis=1)
    names, index = np.unique(np.array(groups), return_inverse=True)
    if len(names) < 2:
        return 0.0
    residuals = np.bincount(index, weights=slopes - slopes.mean())
    error = np.sqrt(len(names) / (len(names) - 1) * np.sum(residuals**2))
    is_clear = abs(slopes.sum()) > stats.t.ppf((1 + _CONFIDENCE) / 2, len(names) - 1) * error
    return float(np.sign(slopes.sum())) if is_clear else 0.0


def _fitted(logits: np.ndarray, targets: np.ndarray, direction: float, several_labels: bool) -> float:
    """Search the logarithm on one side, in which the loss has one valley: it is convex in the inverse."""
    from scipy.optimize import minimize_scalar

    def loss(steps: float) -> float:
        return logit_loss(logits * np.exp(-direction * steps), targets, several_labels=several_labels)

    found = minimize_scalar(loss, bounds=(0, np.log(_MOST)), method="bounded", options={"xatol": 1e-6})
    return round(float(np.exp(direction * found.x)), _DIGITS)
