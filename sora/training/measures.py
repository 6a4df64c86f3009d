"""How good probabilities are, where the labels are known."""

import numpy as np

from sora.decision import THRESHOLD

_SMALLEST = float(np.finfo(np.float32).eps)  # a probability is not known better than this


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


def logit_loss(logits: np.ndarray, targets: np.ndarray, *, several_labels: bool) -> float:
    """Return ``log_loss`` of logits, float (N, C), exact where probabilities would round to 0 or 1."""
    from scipy.special import log_softmax

    if several_labels:
        return float(np.mean(np.logaddexp(0, logits) - targets * logits))
    return float(-np.sum(targets * log_softmax(logits, axis=-1)) / len(targets))


def accuracy(probabilities: np.ndarray, targets: np.ndarray, *, several_labels: bool) -> float:
    """Return the share of right videos, or of right answers about a video and a label; see ``log_loss``."""
    if several_labels:
        return float(((probabilities >= THRESHOLD) == (targets > 0)).mean())
    return float((probabilities.argmax(axis=1) == targets.argmax(axis=1)).mean())
