"""Which labels a video is said to have: measuring, compressing and serving all take the answer from here."""

from collections.abc import Sequence
from typing import Any

import numpy as np

THRESHOLD = 0.5


def decided_labels(
    probabilities: np.ndarray, labels: Sequence[str], *, several_labels: bool
) -> tuple[str, ...]:
    """Return the labels of one video, in the order of ``labels``; there is always at least one.

    Args:
        probabilities: float (C,) in [0, 1].
        labels: the C names.
        several_labels: whether the probabilities are independent: then every label that reaches
            ``THRESHOLD`` is one of the video, and the best where none does. Else the best alone.
    """
    is_decided = np.arange(len(labels)) == probabilities.argmax()
    if several_labels:
        is_decided |= probabilities >= THRESHOLD
    return tuple(label for label, decided in zip(labels, is_decided, strict=True) if decided)


def told(probabilities: np.ndarray, labels: Sequence[str], *, several_labels: bool) -> dict[str, Any]:
    """Return what a user is told of one video, ready for JSON.

    That is ``label`` (the most probable one), ``labels`` where a video may have several, and
    ``probabilities``; the arguments are those of ``decided_labels``.
    """
    decided = decided_labels(probabilities, labels, several_labels=several_labels)
    return {
        "label": labels[int(probabilities.argmax())],
        **({"labels": list(decided)} if several_labels else {}),
        "probabilities": {label: float(value) for label, value in zip(labels, probabilities, strict=True)},
    }
