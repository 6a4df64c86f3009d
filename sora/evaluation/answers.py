"""What is true of videos as arrays, the way scikit-learn takes it."""

from collections.abc import Sequence

import numpy as np

from sora.manifest import labels_in


def answers(joined: Sequence[str], labels: Sequence[str]) -> np.ndarray:
    """Return whether each video has each label, 0 or 1, int64 (N, C); several labels are joined by ``;``."""
    rows = [[int(label in labels_in(video)) for label in labels] for video in joined]
    return np.array(rows, np.int64).reshape(-1, len(labels))


def require_probabilities(true: Sequence[str], probabilities: np.ndarray, labels: Sequence[str]) -> None:
    """Raise ValueError unless there is a video, and a probability of each label for each video."""
    if not len(true) or probabilities.shape != (len(true), len(labels)):
        raise ValueError(
            f"probabilities of shape {(len(true), len(labels))} expected, at least 1 video: "
            f"{probabilities.shape} came"
        )
    unknown = sorted({label for video in true for label in labels_in(video)} - set(labels))
    if unknown:
        raise ValueError(f"labels of {list(labels)} expected, also {unknown} came")
