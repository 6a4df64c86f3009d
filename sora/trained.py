"""What train wrote, as evaluate and compress use it: the networks before the head, and features for it."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from sora import layout
from sora.errors import SoraError
from sora.features import FeatureSet, feature_table, load_features
from sora.frames.spec import InputSpec
from sora.manifest import read_table
from sora.params import Runtime, read_input_spec
from sora.store import VideoStore
from sora.views import clip_features
from sora.work import map_videos


@dataclass(frozen=True)
class Trained:
    """A trained model but for its head, which lies in ``layout.TRAINED``.

    Attributes:
        spec: what its input is.
        backbone: the exported network of images, .onnx.
        backbone_model: the same for Keras (``sora.networks.model_files``).
        labels: names, in the order of the probabilities.
        is_end_to_end: whether the backbone was trained too, so that extract's features are not its own.
    """

    spec: InputSpec
    backbone: Path
    backbone_model: Path
    labels: list[str]
    is_end_to_end: bool


def read_trained() -> Trained:
    """Return what train left behind; its own backbone where it trained one, else that of extract."""
    labels = json.loads(layout.TRAINED_LABELS.read_text(encoding="utf-8"))
    if layout.TRAINED_SPEC.is_file():
        spec = read_input_spec(layout.TRAINED_SPEC)
        return Trained(spec, layout.TRAINED_BACKBONE, layout.TRAINED_BACKBONE_MODEL, labels, True)
    spec = read_input_spec(layout.INPUT_SPEC)
    return Trained(spec, layout.BACKBONE, layout.BACKBONE_MODEL, labels, False)


def trained_features(trained: Trained, splits: tuple[str, ...], runtime: Runtime, title: str) -> FeatureSet:
    """Return what the head takes, of every valid video of ``splits``: stored, or made from the clips."""
    if not trained.is_end_to_end:
        return load_features(splits)
    videos = feature_table(splits)
    features = features_from_clips(list(videos["path"]), trained.backbone, trained.spec, runtime, title)
    return replace(FeatureSet(videos, features, {}), columns={"clip": slice(0, features.shape[-1])})


def judging_videos() -> pd.DataFrame:
    """Return the rows of ``feature_table`` that judge the model: test, and what it has not learned of val.

    An update keeps in train what its parent has learned there, wherever the splits put it since then.
    """
    table, learned = feature_table(("val", "test")), read_table(layout.TRAINED_LEARNED)
    in_train = table["key"].isin(learned.loc[learned["split"] == "train", "key"])
    return table[~in_train].reset_index(drop=True)


def features_from_clips(
    paths: list[str], backbone: Path, spec: InputSpec, runtime: Runtime, title: str
) -> np.ndarray:
    """Return the features of videos, float32 (N, T, F), made anew from their stored clips.

    Raises:
        SoraError: a clip cannot be used.
    """
    clips = clip_paths()
    items = [(str(clips[path]), str(backbone), spec) for path in paths]
    outcomes = map_videos(clip_features, items, runtime, title)
    for path, outcome in zip(paths, outcomes, strict=True):
        if outcome.reason:
            raise SoraError(f"{path}: no features can be made from its clip: {outcome.reason}")
    return np.stack([outcome.value for outcome in outcomes])


def clip_paths() -> dict[str, Path]:
    """Return the stored clip of each video."""
    index, store = read_table(layout.CLIP_INDEX), VideoStore(layout.CLIPS, ".mkv")
    return {path: store.path(key) for path, key in zip(index["path"], index["key"], strict=True)}
