"""The update of the head ``linear``: what its parent's search has chosen, fitted again."""

from typing import TYPE_CHECKING

import numpy as np

from sora.features import FeatureSet
from sora.training.linear import build_linear
from sora.training.linear_fit import LinearChoices, refit_linear
from sora.training.on_features import block_ranges
from sora.training.spec import TrainSpec

if TYPE_CHECKING:
    import keras


def update_linear(
    choices: LinearChoices,
    videos: FeatureSet,
    targets: np.ndarray,
    spec: TrainSpec,
    *,
    several_labels: bool,
) -> "keras.Model":
    """Return a classifier of all labels, without a temperature.

    The search takes nearly all steps of a full training; the fits after it have one answer, wherever they
    start, so that nothing of the parent but its choices is needed.

    Args:
        choices: of the parent.
        videos: new ones, and those that the parent knows and sees again.
        targets: float32 (N, C), 1 where the video has the label, else 0.
        spec: names the blocks and the size of the embedding.
        several_labels: whether a video may have several labels.
    """
    classifier = refit_linear(
        videos.features,
        targets,
        list(videos.videos["group"]),
        blocks={name: block_ranges(videos.columns, [name]) for name in spec.blocks},
        several_labels=several_labels,
        embedding_size=spec.embedding_size,
        choices=choices,
    )
    return build_linear(classifier, *videos.features.shape[1:])
