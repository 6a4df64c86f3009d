"""extract: features of every clip, from the backbone at several depths and hand-made, and the InputSpec."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Annotated, ClassVar

import pandas as pd
from annotated_types import Ge, Le, MinLen

from sora import layout, networks
from sora.atomic import write_json, write_text
from sora.errors import SoraError
from sora.frames import augmentation
from sora.frames.augmentation import AugmentSpec
from sora.frames.descriptors import descriptor_columns
from sora.frames.inputs import FEATURE_VERSIONS
from sora.frames.spec import ClipSpec, DescriptorSpec, InputSpec, StreamSpec
from sora.manifest import read_table, write_table
from sora.networks.backbones import BackboneName, feature_blocks
from sora.networks.weights import weights_files
from sora.params import STRICT, Settings, convert
from sora.quiet import import_tensorflow
from sora.store import VideoStore, result_key
from sora.views import Recipe, View, write_features
from sora.work import map_videos

NO_WEIGHTS = "none"


@dataclass(frozen=True)
class Params:
    """Parameters of extract.

    Attributes:
        backbone: the network whose features are taken.
        weights: ``imagenet``, ``none`` for random ones, or a file.
        blocks: which of its outputs are taken (``sora.networks.backbones``).
        streams: the images that it sees.
        descriptors: hand-made features beside them.
        num_views: views of each training video: the clean clip, and augmented ones beyond the first.
        augment: how the augmented ones are made.
    """

    __pydantic_config__: ClassVar = STRICT

    backbone: BackboneName
    weights: str
    blocks: Annotated[list[str], MinLen(1)]
    streams: StreamSpec
    descriptors: DescriptorSpec
    num_views: Annotated[int, Ge(1), Le(100)]
    augment: AugmentSpec


def run(params: Params, settings: Settings) -> None:
    """Write the features that are not stored yet, and the index of all of them."""
    clip_spec = convert(ClipSpec, json.loads(layout.CLIP_SPEC.read_text()), str(layout.CLIP_SPEC))
    try:
        spec = InputSpec(clip_spec, params.streams, params.descriptors, params.backbone, params.blocks)
    except ValueError as error:
        raise SoraError(f"params.yaml: extract: {error}") from error
    columns = feature_columns(spec)  # first, for it refuses unknown blocks
    _write_backbone(spec, params.weights, settings.seed)
    views = _views(params)
    recipe = Recipe(spec, params.augment, settings.seed, str(layout.BACKBONE))
    network = hashlib.sha256(layout.BACKBONE.read_bytes()).hexdigest()
    keys = [feature_key(view, recipe, network) for view in views]
    reasons = _extract_missing(views, keys, recipe, settings)
    index = {"path": [v.path for v in views], "view": [v.number for v in views], "key": keys}
    write_table(layout.FEATURE_INDEX, pd.DataFrame(index | {"reason": [reasons.get(k, "") for k in keys]}))
    write_json(layout.FEATURE_COLUMNS, {name: [c.start, c.stop] for name, c in columns.items()})
    write_json(layout.INPUT_SPEC, asdict(spec))


def feature_key(view: View, recipe: Recipe, network: str) -> str:
    """Return the store key of the features of a view; ``network`` is the hash of the exported backbone."""
    parameters = {**asdict(recipe.spec), "network": network}
    versions = dict(FEATURE_VERSIONS)
    if view.number:  # the clip itself depends on no augmentation
        drawn = replace(recipe.augment, flip=view.may_flip, no_flip_labels=[])  # as for this label
        parameters |= {"augment": asdict(drawn), "seed": recipe.seed, "view": view.number}
        versions |= {"augmentation": augmentation.VERSION}
    return result_key(view.clip, parameters, versions)


def feature_columns(spec: InputSpec) -> dict[str, slice]:
    """Name the columns of features: ``rgb.mean`` and so on for each stream, then the descriptors.

    Raises:
        SoraError: there is no such backbone, or it has no such block.
    """
    blocks = feature_blocks(spec.backbone, spec.backbone_blocks)
    parts = [(f"{stream}.", blocks) for stream in spec.streams.names]
    columns, start = {}, 0
    for prefix, part in [*parts, ("", descriptor_columns(spec.descriptors))]:
        for name, place in part.items():
            columns[prefix + name] = slice(start + place.start, start + place.stop)
        start += max((place.stop for place in part.values()), default=0)
    return columns


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


def _write_backbone(spec: InputSpec, weights: str, seed: int) -> None:
    """Write the backbone where it is not there yet; that needs TensorFlow, and seconds."""
    key = _backbone_key(spec, weights, seed)
    if layout.BACKBONE_KEY.is_file() and layout.BACKBONE_KEY.read_text() == key:
        return
    import_tensorflow()
    from sora.networks.backbones import frame_feature_network
    from sora.networks.determinism import make_deterministic
    from sora.networks.model_files import save_model
    from sora.networks.onnx_export import export_onnx

    make_deterministic(seed)
    network = frame_feature_network(
        spec.backbone,
        spec.clip.image_size_px,
        blocks=spec.backbone_blocks,
        weights=None if weights == NO_WEIGHTS else weights,
    )
    layout.BACKBONE_KEY.unlink(missing_ok=True)  # the key comes last: it vouches for the others
    save_model(network, layout.BACKBONE_MODEL)
    export_onnx(network, layout.BACKBONE)
    write_text(layout.BACKBONE_KEY, key)


def _backbone_key(spec: InputSpec, weights: str, seed: int) -> str:
    """Return a hash of all that decides the backbone: its description, its weights, the code and Keras."""
    described = [spec.backbone, spec.backbone_blocks, spec.clip.image_size_px, metadata.version("keras")]
    described.append(seed if weights == NO_WEIGHTS else weights)
    files = [*sorted(Path(networks.__file__).parent.rglob("*.py"))]
    if weights != NO_WEIGHTS:
        files += weights_files(spec.backbone, weights)
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    return hashlib.sha256(json.dumps([described, digests]).encode()).hexdigest()


def _extract_missing(
    views: list[View], keys: list[str], recipe: Recipe, settings: Settings
) -> dict[str, str]:
    clips, store = VideoStore(layout.CLIPS, ".mkv"), VideoStore(layout.FEATURES, ".npy")
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
