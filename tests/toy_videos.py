"""Small made-up features on which heads are built and trained within a second."""

import numpy as np

from sora.networks.determinism import make_deterministic
from sora.networks.heads import build_classifier
from sora.networks.scaling import standardisation
from sora.training.epochs import Examples
from sora.training.plan import OptimizerPlan, SchedulePlan, TrainingPlan

T, F, C = 4, 18, 3
BLOCKS = ((0, 12), (12, 18))
ADAMW = OptimizerPlan("adamw", 0.01, weight_decay=0.001, momentum=0.9, nesterov=False, clip_norm=0)
COSINE = SchedulePlan("cosine", warmup_share=0.05, plateau_factor=0.5, plateau_patience=2)


def videos(num_videos: int, seed: int = 0) -> Examples:
    """Labels differ by the mean of a few columns."""
    rng = np.random.default_rng(seed)
    labels = np.arange(num_videos) % C
    features = rng.normal(7, 2, (num_videos, T, F)).astype(np.float32)
    features[np.arange(num_videos), :, labels] += 6
    features[..., 12:] = rng.normal(0, 0.1, (num_videos, T, F - 12))
    return Examples(features, np.eye(C, dtype=np.float32)[labels])


def ordered_videos(num_videos: int, seed: int = 0) -> Examples:
    """Two labels that only order tells apart: a bump goes from the first column to the second or back."""
    rng = np.random.default_rng(seed)
    labels = np.arange(num_videos) % 2
    features = rng.normal(0, 0.3, (num_videos, T, 4)).astype(np.float32)
    first, second = slice(0, T // 2), slice(T // 2, T)
    for video, label in enumerate(labels):
        features[video, first, label] += 2
        features[video, second, 1 - label] += 2
    return Examples(features, np.eye(2, dtype=np.float32)[labels])


def classifier(head="mean_std", train=None, seed=0, **changes):
    """Build a head for ``train``, by default 30 of ``videos``."""
    make_deterministic(seed)
    train = train or videos(30)
    mean, std = standardisation(train.features)
    options = {
        "num_segments": train.features.shape[1],
        "num_features": train.features.shape[2],
        "blocks": BLOCKS if train.features.shape[2] == F else ((0, train.features.shape[2]),),
        "mean": mean,
        "std": std,
        "num_labels": train.targets.shape[1],
        "embedding_size": 8,
        "units": 8,
        "dropout": 0.2,
        "l2": 1e-4,
    }
    return build_classifier(head=head, **{**options, **changes})


def plan(**changes) -> TrainingPlan:
    """Return a plan for a few seconds at most."""
    options = {
        "epochs": 20,
        "batch_size": 8,
        "patience": 20,
        "optimizer": ADAMW,
        "schedule": COSINE,
        "label_smoothing": 0.1,
        "seed": 3,
    }
    return TrainingPlan(**{**options, **changes})
