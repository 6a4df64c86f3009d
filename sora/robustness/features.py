"""Features of clips made worse, as child processes make them; light to import, for every child pays."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sora.frames.inputs import by_segment, network_input
from sora.frames.spec import InputSpec
from sora.robustness.corruptions import Corruption, corrupt
from sora.runtimes import kept_backbone, segment_features
from sora.video.write import read_clip


@dataclass(frozen=True)
class Recipe:
    """What is made of every clip: the ``corruptions``, drawn from ``seed``, then features.

    ``backbone`` is the file of the network.
    """

    corruptions: Sequence[Corruption]
    seed: int
    spec: InputSpec
    backbone: str


def corrupted_features(item: tuple[str, Recipe]) -> np.ndarray:
    """Return the features of a stored clip after each corruption, float32 (corruptions, T, F).

    Raises:
        VideoError: the clip is damaged.
    """
    clip, recipe = Path(item[0]), item[1]
    segments = by_segment(read_clip(clip, recipe.spec.clip.num_frames), recipe.spec.clip)
    return np.stack([_features(segments, corruption, clip.stem, recipe) for corruption in recipe.corruptions])


def _features(segments: np.ndarray, corruption: Corruption, key: str, recipe: Recipe) -> np.ndarray:
    worse = corrupt(segments, corruption, seed=recipe.seed, key=key)
    frames = np.ascontiguousarray(worse).reshape(-1, *segments.shape[2:])
    return segment_features(network_input(frames, recipe.spec), kept_backbone(Path(recipe.backbone)))
