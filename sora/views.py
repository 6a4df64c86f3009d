"""Features of one view of a clip, as child processes make them; light to import, for every child pays."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sora.atomic import replacing
from sora.frames.augmentation import AugmentSpec, augment
from sora.frames.inputs import by_segment, network_input
from sora.frames.spec import InputSpec
from sora.runtimes import kept_backbone, segment_features
from sora.video.write import read_clip


@dataclass(frozen=True)
class Recipe:
    """What the features of every view are made with; ``backbone`` is the file of the network."""

    spec: InputSpec
    augment: AugmentSpec
    seed: int
    backbone: str


@dataclass(frozen=True)
class View:
    """One view of a clip: number 0 is the clip itself.

    Attributes:
        path: of the video, as the manifest has it.
        clip: store key of the clip.
        number: 0, or which augmented view.
        may_flip: whether the video's label allows a mirror.
    """

    path: str
    clip: str
    number: int = 0
    may_flip: bool = False


def write_features(item: tuple[View, str, str, Recipe]) -> None:
    """Write the features of one view, float32 (T, F), as ``sora.features`` reads them."""
    view, clip, features, recipe = item
    frames = read_clip(Path(clip), recipe.spec.clip.num_frames)
    given = network_input(_shown(frames, view, recipe), recipe.spec)
    with replacing(Path(features)) as temporary, temporary.open("wb") as file:
        np.save(file, segment_features(given, kept_backbone(Path(recipe.backbone))))


def clip_features(item: tuple[str, str, InputSpec]) -> np.ndarray:
    """Return the features, float32 (T, F), of a clip's file with a network's file."""
    clip, backbone, spec = item
    given = network_input(read_clip(Path(clip), spec.clip.num_frames), spec)
    return segment_features(given, kept_backbone(Path(backbone)))


def _shown(frames: np.ndarray, view: View, recipe: Recipe) -> np.ndarray:
    """Return a view of a clip, both uint8 RGB (T * K, S, S, 3)."""
    segments = by_segment(frames, recipe.spec.clip)
    drawn = augment(
        segments,
        recipe.augment,
        may_flip=view.may_flip,
        seed=recipe.seed,
        key=view.clip,
        view=view.number,
    )
    return drawn.reshape(frames.shape)
