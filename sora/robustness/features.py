"""Features of clips made worse, as child processes make them; light to import, for every child pays."""

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
    """What every clip is turned into features with; ``backbone`` is the file of the network."""

    spec: InputSpec
    seed: int
    backbone: str


def corrupted_features(item: tuple[str, Corruption, Recipe]) -> np.ndarray:
    """Return the features, float32 (T, F), of a stored clip that is made worse; drawn from the seed.

    Raises:
        VideoError: the clip is damaged.
    """
    clip, corruption, recipe = Path(item[0]), item[1], item[2]
    frames = read_clip(clip, recipe.spec.clip.num_frames)
    segments = by_segment(frames, recipe.spec.clip)
    worse = corrupt(segments, corruption, seed=recipe.seed, key=clip.stem)
    given = network_input(np.ascontiguousarray(worse).reshape(frames.shape), recipe.spec)
    return segment_features(given, kept_backbone(Path(recipe.backbone)))
