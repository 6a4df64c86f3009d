"""Whether probabilities may be believed: proper scores, calibration error and the reliability table."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sora.evaluation.answers import answers, require_probabilities

NUM_BINS = 15


def probability_metrics(
    true: Sequence[str], probabilities: np.ndarray, labels: Sequence[str], *, several_labels: bool
) -> dict[str, float]:
    """Return log_loss, brier_score and expected_calibration_error.

    ``log_loss`` is in nats, of a video, or of a video and a label where videos have several. ``brier_score``
    is half the mean squared distance of the probabilities of a video from what is true, or the mean squared
    error of a probability where videos have several labels; in [0, 1]. ``expected_calibration_error`` is the
    mean distance of confidence and accuracy in ``reliability``; in [0, 1].

    Args:
        true: the label of each video; several are joined by ``;``.
        probabilities: float (N, C), in [0, 1]; of sum 1 unless ``several_labels``.
        labels: the C names.
        several_labels: whether a video may have several, so that the probabilities are independent.

    Raises:
        ValueError: no video, another number of probabilities, or a label that is not in ``labels``.
    """
    from sklearn.metrics import brier_score_loss, log_loss

    bins = reliability(true, probabilities, labels, several_labels=several_labels)
    targets, shown, known = answers(true, labels), probabilities, list(range(len(labels)))
    if several_labels:
        targets, shown, known = targets.ravel(), probabilities.ravel(), [0, 1]
    else:
        targets = targets.argmax(axis=1)
    return {
        "log_loss": float(log_loss(targets, shown, labels=known)),
        "brier_score": float(brier_score_loss(targets, shown, labels=known, scale_by_half=True)),
        "expected_calibration_error": calibration_error(bins),
    }


def reliability(
    true: Sequence[str], probabilities: np.ndarray, labels: Sequence[str], *, several_labels: bool
) -> list[dict[str, Any]]:
    """Return confidence and accuracy in 15 bins of equal width, those that are empty left out.

    Rows have confidence_low, confidence_high (which belongs to the bin), mean_confidence, accuracy and
    num_videos (Guo et al., "On Calibration of Modern Neural Networks", 2017). The confidence of a video is
    the highest of its probabilities. Where videos have several labels, every probability is a confidence, the
    accuracy is the share that has the label, and num_videos counts pairs of a video and a label. Arguments
    and errors are those of ``probability_metrics``.
    """
    require_probabilities(true, probabilities, labels)
    targets = answers(true, labels)
    if several_labels:
        confidence, is_right = probabilities.ravel(), targets.ravel()
    else:
        confidence = probabilities.max(axis=1)
        is_right = targets[np.arange(len(targets)), probabilities.argmax(axis=1)]
    edges = np.linspace(0, 1, NUM_BINS + 1)
    place = np.searchsorted(edges[1:-1], confidence)
    return [
        {
            "confidence_low": float(edges[i]),
            "confidence_high": float(edges[i + 1]),
            "mean_confidence": float(confidence[place == i].mean(dtype=np.float64)),
            "accuracy": float(is_right[place == i].mean()),
            "num_videos": int((place == i).sum()),
        }
        for i in np.unique(place)
    ]


def calibration_error(bins: list[dict[str, Any]]) -> float:
    """Return the mean distance of confidence and accuracy of the rows of ``reliability``, by their videos."""
    distances = [abs(row["mean_confidence"] - row["accuracy"]) for row in bins]
    return float(np.average(distances, weights=[row["num_videos"] for row in bins]))
