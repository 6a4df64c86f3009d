"""extract: multi-level frame features and motion features of every clip, and the InputSpec."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Annotated, ClassVar, Literal

import pandas as pd
from annotated_types import Ge, Le

from sora import layout
from sora.atomic import write_json
from sora.errors import SoraError
from sora.frames import augmentation, motion
from sora.frames.augmentation import AugmentSpec
from sora.frames.spec import ClipSpec, InputSpec, MotionSpec
from sora.manifest import read_table, write_table
from sora.params import STRICT, Settings, convert
from sora.quiet import import_tensorflow
from sora.store import VideoStore, result_key
from sora.views import Recipe, View, write_features
from sora.work import map_videos


@dataclass(frozen=True)
class Params:
    """Parameters of extract.

    Attributes:
        backbone: the network whose features are taken, with ImageNet weights.
        flow_size_px, flow_grid_cells, flow_num_bins: see ``sora.frames.spec.MotionSpec``.
        num_views: views of each training video: the clean clip, and augmented ones beyond the first.
        augment: how the augmented ones are made.
    """

    __pydantic_config__: ClassVar = STRICT

    backbone: Literal["efficientnet_lite0"]
    flow_size_px: Annotated[int, Ge(32), Le(1024)]
    flow_grid_cells: Annotated[int, Ge(1), Le(16)]
    flow_num_bins: Annotated[int, Ge(2), Le(32)]
    num_views: Annotated[int, Ge(1), Le(100)]
    augment: AugmentSpec


def run(params: Params, settings: Settings) -> None:
    """Write the features that are not stored yet, and the index of all of them."""
    clip_spec = convert(ClipSpec, json.loads(layout.CLIP_SPEC.read_text()), str(layout.CLIP_SPEC))
    motion_spec = MotionSpec(params.flow_size_px, params.flow_grid_cells, params.flow_num_bins)
    spec = InputSpec(clip_spec, motion_spec, params.backbone)
    _write_backbone(spec)
    views = _views(params)
    recipe = Recipe(spec, params.augment, settings.seed, str(layout.BACKBONE))
    network = hashlib.sha256(layout.BACKBONE.read_bytes()).hexdigest()
    keys = [feature_key(view, recipe, network) for view in views]
    reasons = _extract_missing(views, keys, recipe, settings)
    index = {"path": [v.path for v in views], "view": [v.number for v in views], "key": keys}
    write_table(layout.FEATURE_INDEX, pd.DataFrame(index | {"reason": [reasons.get(k, "") for k in keys]}))
    write_json(layout.INPUT_SPEC, asdict(spec))


def feature_key(view: View, recipe: Recipe, network: str) -> str:
    """Return the store key of the features of a view; ``network`` is the hash of the exported backbone."""
    parameters = {**asdict(recipe.spec), "network": network}
    versions = {"motion": motion.VERSION}
    if view.number:  # the clip itself depends on no augmentation
        drawn = replace(recipe.augment, flip=view.may_flip, no_flip_labels=[])  # as for this label
        parameters |= {"augment": asdict(drawn), "seed": recipe.seed, "view": view.number}
        versions |= {"augmentation": augmentation.VERSION}
    return result_key(view.clip, parameters, versions)


def _views(params: Params) -> list[View]:
    """Return the clip of every video, and after it the augmented views where it is a training video."""
    clips = read_table(layout.CLIP_INDEX)
    clips = clips[clips["reason"] == ""]
    labels = _training_labels() if params.num_views > 1 else {}
    _require_known(params.augment.no_flip_labels, labels)
    views = []
    for path, key in zip(clips["path"], clips["key"], strict=True):
        views.append(View(path, key))
        if path in labels:
            may_flip = params.augment.may_flip(labels[path])
            views += [View(path, key, number, may_flip) for number in range(1, params.num_views)]
    return views


def _require_known(no_flip_labels: list[str], labels: dict[str, str]) -> None:
    unknown = sorted(set(no_flip_labels) - set(labels.values()))
    if labels and unknown:
        raise SoraError(
            f"params.yaml: extract.augment.no_flip_labels: no training video has the label {unknown[0]!r}; "
            f"there are {', '.join(sorted(set(labels.values())))}"
        )


def _training_labels() -> dict[str, str]:
    splits, videos = read_table(layout.SPLITS), read_table(layout.VALIDATED)
    training = set(splits["path"][splits["split"] == "train"])
    labels = zip(videos["path"], videos["label"], strict=True)
    return {path: label for path, label in labels if path in training}


def _write_backbone(spec: InputSpec) -> None:
    # A killed run left no half file: exports are atomic and give the same bytes each time.
    import_tensorflow()
    from sora.networks.backbones import frame_feature_network
    from sora.networks.onnx_export import export_onnx

    network = frame_feature_network(spec.backbone, spec.clip.image_size_px)
    layout.BACKBONE.parent.mkdir(parents=True, exist_ok=True)
    export_onnx(network, layout.BACKBONE)


def _extract_missing(
    views: list[View], keys: list[str], recipe: Recipe, settings: Settings
) -> dict[str, str]:
    clips, store = VideoStore(layout.CLIPS, ".mkv"), VideoStore(layout.FEATURES, ".npz")
    with store.writing():
        missing = set(store.missing(keys))
        todo = [(view, key) for view, key in zip(views, keys, strict=True) if key in missing]
        items = [(view, str(clips.path(view.clip)), str(store.path(key)), recipe) for view, key in todo]
        outcomes = map_videos(write_features, items, settings.runtime, "extract", len(keys) - len(todo))
        store.prune(keys)
    reasons = {key: outcome.reason for (_, key), outcome in zip(todo, outcomes, strict=True)}
    if todo and all(reasons.values()):
        raise SoraError(f"no clip could be turned into features; the first: {next(iter(reasons.values()))}")
    return reasons
