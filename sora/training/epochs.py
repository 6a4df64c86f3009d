"""One epoch: the order, the mixing and the weights of its videos, all decided by (seed, epoch) alone.

So an epoch that is run again after a crash is the same epoch.
"""

from dataclasses import dataclass

import numpy as np

from sora.training.plan import TrainingPlan


@dataclass(frozen=True)
class Examples:
    """Videos to learn from, or to be measured on.

    Attributes:
        features: float32 (N, T, F), as stored. Augmented views of a video are further rows.
        targets: float32 (N, C), in 0..1: one 1 a row, or any number where videos have several labels.
        frame_targets: float32 (N, T, C), labels of moments, for a classifier with ``frame_probabilities``;
            without them each moment is taught the labels of its video.
    """

    features: np.ndarray
    targets: np.ndarray
    frame_targets: np.ndarray | None = None


@dataclass(frozen=True)
class Batches:
    """Rows in the order in which training takes them.

    Attributes:
        inputs: what enters the trainable layers, one float32 (N, ...) each.
        targets: for each output, float32 (N, C) or (N, T, C).
        weights: float32 (N,), how much each video counts.
    """

    inputs: list[np.ndarray]
    targets: list[np.ndarray]
    weights: np.ndarray

    def joined(self, other: "Batches") -> "Batches":
        """Return the rows of both."""
        return Batches(
            [np.concatenate(pair) for pair in zip(self.inputs, other.inputs, strict=True)],
            [np.concatenate(pair) for pair in zip(self.targets, other.targets, strict=True)],
            np.concatenate([self.weights, other.weights]),
        )


def epoch_batches(videos: Batches, plan: TrainingPlan, epoch: int) -> Batches:
    """Return the rows of ``videos`` as epoch ``epoch`` (from 0) sees them: shuffled and mixed.

    A last batch of one video is left out: batch normalisation would make zeros of it.
    """
    rng = np.random.default_rng((plan.seed, epoch))
    order = rng.permutation(len(videos.weights))
    if len(order) % plan.batch_size == 1:
        order = order[:-1]
    shuffled = _rows(videos, order)
    return mixed(shuffled, plan.mixup, rng) if plan.mixup else shuffled


def balanced_weights(targets: np.ndarray) -> np.ndarray:
    """Weigh videos so that all labels weigh the same, float32 (N,) with mean about 1.

    A video of several labels has the mean of their weights, one without any the weight 1.
    """
    counts = targets.sum(axis=0)
    per_label = np.divide(targets.sum(), np.count_nonzero(counts) * counts, where=counts > 0, out=counts * 0)
    num_labels = targets.sum(axis=1)
    weights = np.divide(targets @ per_label, num_labels, where=num_labels > 0, out=np.ones(len(targets)))
    return weights.astype(np.float32)


def _rows(videos: Batches, rows: np.ndarray) -> Batches:
    return Batches([x[rows] for x in videos.inputs], [y[rows] for y in videos.targets], videos.weights[rows])


def mixed(videos: Batches, alpha: float, rng: np.random.Generator) -> Batches:
    """Mix each video with another one, inputs and targets alike (mixup: Zhang et al., 2018)."""
    num_videos = len(videos.weights)
    shares = rng.beta(alpha, alpha, num_videos).astype(np.float32)
    other = _rows(videos, rng.permutation(num_videos))

    def mix(one: np.ndarray, another: np.ndarray) -> np.ndarray:
        share = shares.reshape(-1, *[1] * (one.ndim - 1))
        return share * one + (1 - share) * another

    return Batches(
        [mix(*pair) for pair in zip(videos.inputs, other.inputs, strict=True)],
        [mix(*pair) for pair in zip(videos.targets, other.targets, strict=True)],
        mix(videos.weights, other.weights),
    )
