"""extract: multi-level frame features and motion features of every clip, and the InputSpec."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
import pandas as pd
from annotated_types import Ge, Le

from sora import layout
from sora.atomic import replacing, write_json
from sora.errors import SoraError
from sora.frames import motion
from sora.frames.inputs import network_input
from sora.frames.spec import ClipSpec, InputSpec, MotionSpec
from sora.manifest import read_table, write_table
from sora.params import STRICT, Settings, convert
from sora.quiet import import_tensorflow
from sora.runtimes import kept_backbone
from sora.store import VideoStore, result_key
from sora.video.write import read_clip
from sora.work import map_videos


@dataclass(frozen=True)
class Params:
    """Parameters of extract.

    Attributes:
        backbone: the network whose features are taken, with ImageNet weights.
        flow_size_px, flow_grid_cells, flow_num_bins: see ``sora.frames.spec.MotionSpec``.
    """

    __pydantic_config__: ClassVar = STRICT

    backbone: Literal["efficientnet_lite0"]
    flow_size_px: Annotated[int, Ge(32), Le(1024)]
    flow_grid_cells: Annotated[int, Ge(1), Le(16)]
    flow_num_bins: Annotated[int, Ge(2), Le(32)]


def run(params: Params, settings: Settings) -> None:
    """Write the features that are not stored yet, and the index of all of them."""
    clip_spec = convert(ClipSpec, json.loads(layout.CLIP_SPEC.read_text()), str(layout.CLIP_SPEC))
    motion_spec = MotionSpec(params.flow_size_px, params.flow_grid_cells, params.flow_num_bins)
    spec = InputSpec(clip_spec, motion_spec, params.backbone)
    _write_backbone(spec)
    clips = read_table(layout.CLIP_INDEX)
    good = clips[clips["reason"] == ""]
    keys = [feature_key(clip_key, spec) for clip_key in good["key"]]
    reasons = _extract_missing(list(good["key"]), keys, spec, settings)
    index = pd.DataFrame({"path": good["path"], "key": keys, "reason": [reasons.get(k, "") for k in keys]})
    write_table(layout.FEATURE_INDEX, index)
    write_json(layout.INPUT_SPEC, asdict(spec))


def feature_key(clip_key: str, spec: InputSpec) -> str:
    """Return the store key of a clip's features; the exported network counts by its bytes."""
    network = hashlib.sha256(layout.BACKBONE.read_bytes()).hexdigest()
    parameters = {**asdict(spec), "network": network}
    return result_key(clip_key, parameters, {"motion": motion.VERSION})


def _write_backbone(spec: InputSpec) -> None:
    # A killed run left no half file: exports are atomic and give the same bytes each time.
    import_tensorflow()
    from sora.networks.backbones import frame_feature_network
    from sora.networks.onnx_export import export_onnx

    network = frame_feature_network(spec.backbone, spec.clip.image_size_px)
    layout.BACKBONE.parent.mkdir(parents=True, exist_ok=True)
    export_onnx(network, layout.BACKBONE)


def _extract_missing(
    clip_keys: list[str], keys: list[str], spec: InputSpec, settings: Settings
) -> dict[str, str]:
    clips, store = VideoStore(layout.CLIPS, ".mkv"), VideoStore(layout.FEATURES, ".npz")
    with store.writing():
        missing = set(store.missing(keys))
        todo = [(c, k) for c, k in zip(clip_keys, keys, strict=True) if k in missing]
        items = [(str(clips.path(c)), str(store.path(k)), str(layout.BACKBONE), spec) for c, k in todo]
        outcomes = map_videos(_write_features, items, settings.runtime, "extract", len(keys) - len(todo))
        store.prune(keys)
    reasons = {key: outcome.reason for (_, key), outcome in zip(todo, outcomes, strict=True)}
    if todo and all(reasons.values()):
        raise SoraError(f"no clip could be turned into features; the first: {next(iter(reasons.values()))}")
    return reasons


def _write_features(item: tuple[str, str, str, InputSpec]) -> None:
    clip, features, backbone, spec = item
    given = network_input(read_clip(Path(clip), spec.clip.num_frames), spec)
    frames = kept_backbone(Path(backbone))(given.images)
    with replacing(Path(features)) as temporary, temporary.open("wb") as file:
        np.savez(file, frames=frames, motion=given.motion)
