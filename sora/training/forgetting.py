"""What an update has gained, and what it has forgotten."""

from dataclasses import dataclass

import numpy as np

from sora.training.measures import accuracy


@dataclass(frozen=True)
class Retention:
    """How right the parent and the updated model are about the same videos, all of labels the parent knows.

    Attributes:
        num_videos: so many.
        before: accuracy of the parent, which may answer its own labels alone.
        after: of the updated model, which may answer all labels.
        after_among_old: of the updated model where it may answer only the labels of the parent.
        forgotten: before - after; what new labels take counts in it. Below 0 where it has become better.
        forgotten_among_old: before - after_among_old.
    """

    num_videos: int
    before: float
    after: float
    after_among_old: float
    forgotten: float
    forgotten_among_old: float


@dataclass(frozen=True)
class Effect:
    """What an update has done to the answers about videos that neither model had learned.

    Attributes:
        num_videos: of all labels.
        before: accuracy of the parent, to which new labels are unknown.
        after: of the updated model.
        gained: after - before.
        old: the same of the videos whose labels the parent knows all; None where there are none.
    """

    num_videos: int
    before: float
    after: float
    gained: float
    old: Retention | None


def effect(
    before: np.ndarray, after: np.ndarray, targets: np.ndarray, places: list[int], *, several_labels: bool
) -> Effect:
    """Compare the answers of both models.

    Args:
        before: probabilities (N, O) of the parent, N at least 1.
        after: probabilities (N, C) of the updated model.
        targets: (N, C), 1 where the video has the label, else 0.
        places: where each of the O old labels is among the C.
        several_labels: whether a video may have several labels.
    """
    widened = np.zeros(after.shape, before.dtype)
    widened[:, places] = before
    first = accuracy(widened, targets, several_labels=several_labels)
    second = accuracy(after, targets, several_labels=several_labels)
    is_old = ~np.delete(targets, places, axis=1).any(axis=1)
    old = None
    if is_old.any():
        parts = before[is_old], after[is_old], targets[is_old]
        old = _retention(*parts, places, several_labels=several_labels)
    return Effect(len(targets), first, second, second - first, old)


def _retention(
    before: np.ndarray, after: np.ndarray, targets: np.ndarray, places: list[int], *, several_labels: bool
) -> Retention:
    own = targets[:, places]
    first = accuracy(before, own, several_labels=several_labels)
    second = accuracy(after, targets, several_labels=several_labels)
    among = accuracy(after[:, places], own, several_labels=several_labels)
    return Retention(len(targets), first, second, among, first - second, first - among)
