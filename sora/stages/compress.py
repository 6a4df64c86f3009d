"""compress: smaller models measured against the float one, and the choice with its reason."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Le

from sora import layout
from sora.atomic import write_bytes, write_json
from sora.bundle import write_bundle
from sora.compression.choice import Rule, choose
from sora.compression.latency import median_latency_ms
from sora.compression.quantization import to_litert
from sora.evaluation.metrics import classification_metrics
from sora.evaluation.predictions import predicted_labels
from sora.features import FeatureSet, feature_table
from sora.frames.inputs import NetworkInput, network_input
from sora.frames.spec import InputSpec
from sora.lineage import chain
from sora.manifest import read_table
from sora.params import STRICT, Settings
from sora.quiet import import_tensorflow
from sora.runtimes import load_backbone, load_head, segment_features
from sora.trained import Trained, clip_paths, features_from_clips, read_trained, trained_features
from sora.video.write import read_clip

Variant = Literal["float32", "float16", "int8"]
FLOAT: Variant = "float32"
HALF: Variant = "float16"
EDGE = "backbone_edge.tflite"


@dataclass(frozen=True)
class Params:
    """Parameters of compress.

    Attributes:
        variants: what to build beside the float32 model.
        num_calibration_videos: training videos that show int8 the range of the activations.
        max_accuracy_loss: on the validation videos, against float32.
        max_probability_change: largest change of any probability against float32 that is accepted.
        latency_repeats: runs whose median is taken.
    """

    __pydantic_config__: ClassVar = STRICT

    variants: list[Literal["float16", "int8"]]
    num_calibration_videos: Annotated[int, Ge(1)]
    max_accuracy_loss: Annotated[float, Ge(0), Le(1)]
    max_probability_change: Annotated[float, Ge(0), Le(1)]
    latency_repeats: Annotated[int, Ge(3)]


@dataclass(frozen=True)
class _Candidate:
    name: Variant
    backbone: Path
    head: Path
    probabilities: np.ndarray  # float32 (N, C), of the measured videos
    latency_ms: float

    @property
    def size_bytes(self) -> int:
        return self.backbone.stat().st_size + self.head.stat().st_size


def run(params: Params, settings: Settings) -> None:
    """Build every variant, measure it on validation and test videos, choose, and write the bundle."""
    trained = read_trained()
    spec, labels = trained.spec, trained.labels
    measured = trained_features(trained, ("val", "test"), settings.runtime, "compress")
    with tempfile.TemporaryDirectory() as folder:
        files, several_labels = _build(Path(folder), trained, params)
        candidates = [
            _measure(name, files[name], measured, spec, params=params, settings=settings) for name in files
        ]
        rows = [_row(c, candidates[0], measured, labels, several_labels=several_labels) for c in candidates]
        rule = Rule(params.max_accuracy_loss, params.max_probability_change)
        chosen, reason = choose(rows, rule)
        best = next(c for c in candidates if c.name == chosen)
        on_edge = best.backbone.suffix == ".tflite"
        write_bundle(
            layout.BUNDLE,
            backbone=best.backbone,
            head=best.head,
            edge_backbone=best.backbone if on_edge else Path(folder) / EDGE,
            edge_head=best.head,
            spec=spec,
            labels=labels,
            several_labels=several_labels,
            variant=chosen,
            edge_variant=chosen,
            lineage=lineage(),
        )
    test_metrics = next(row["metrics"] for row in rows if row["name"] == chosen)
    report = {"candidates": rows, "chosen": chosen, "reason": reason, **test_metrics}
    write_json(layout.COMPRESSION, report)


def lineage() -> dict[str, str]:
    """Return the hashes of all that the model came from, first to last."""
    files = [layout.VALIDATED, layout.SPLITS, layout.INPUT_SPEC, layout.BACKBONE, layout.TRAINED]
    return chain(read_table(layout.VALIDATED), files)


def _build(folder: Path, trained: Trained, params: Params) -> tuple[dict[Variant, tuple[Path, Path]], bool]:
    """Write the networks of each variant; give them, and whether a video may have several labels."""
    import_tensorflow()
    from sora.networks.heads import is_multi_label
    from sora.networks.model_files import load_model

    head = load_model(layout.TRAINED)
    heads: dict[Variant, Path] = {}
    for kind in (FLOAT, HALF):
        heads[kind] = folder / f"head_{kind}.tflite"
        write_bytes(heads[kind], to_litert(head, kind))
    files: dict[Variant, tuple[Path, Path]] = {FLOAT: (trained.backbone, heads[FLOAT])}
    backbone = load_model(trained.backbone_model)
    # Frames of a clip belong together where the network was trained on clips.
    batch_size = trained.spec.clip.num_segments if trained.is_end_to_end else 1
    write_bytes(folder / EDGE, to_litert(backbone, FLOAT, batch_size))
    for variant in params.variants:
        samples = _calibration_images(params, trained.spec, batch_size) if variant == "int8" else ()
        path = folder / f"backbone_{variant}.tflite"
        write_bytes(path, to_litert(backbone, variant, batch_size, samples))
        # Features of many scales meet in the head's input, which eight bits cannot hold.
        files[variant] = (path, heads[HALF if variant == HALF else FLOAT])
    return files, is_multi_label(head)


def _calibration_images(params: Params, spec: InputSpec, batch_size: int) -> list[list[np.ndarray]]:
    """Return batches of images of training videos, evenly spread."""
    paths, clips = feature_table(("train",))["path"], clip_paths()
    step = max(1, len(paths) // params.num_calibration_videos)
    every = max(1, spec.clip.num_segments // 4) if batch_size == 1 else 1
    chosen = paths[::step][: params.num_calibration_videos]
    streams = np.concatenate([_input(clips[path], spec).images[:, ::every] for path in chosen])
    return [[batch] for images in streams for batch in images.reshape(-1, batch_size, *images.shape[1:])]


def _measure(
    name: Variant,
    files: tuple[Path, Path],
    measured: FeatureSet,
    spec: InputSpec,
    *,
    params: Params,
    settings: Settings,
) -> _Candidate:
    (backbone, head), features = files, measured.features
    paths = list(measured.videos["path"])
    if name != FLOAT:  # those of the float backbone are there
        features = features_from_clips(paths, backbone, spec, settings.runtime, f"compress: {name}")
    run_head, run_backbone = load_head(head), load_backbone(backbone)
    probabilities = np.stack([run_head(video)[0] for video in features])
    given = _input(clip_paths()[paths[0]], spec)
    latency_ms = median_latency_ms(
        lambda: run_head(segment_features(given, run_backbone)), params.latency_repeats
    )
    return _Candidate(name, backbone, head, probabilities, latency_ms)


def _row(
    candidate: _Candidate,
    reference: _Candidate,
    measured: FeatureSet,
    labels: list[str],
    *,
    several_labels: bool,
) -> dict[str, Any]:
    is_test = (measured.videos["split"] == "test").to_numpy()
    true = measured.videos["label"].to_numpy()
    predicted = np.array(predicted_labels(candidate.probabilities, labels, several_labels=several_labels))
    on_val = ~is_test if (~is_test).any() else is_test
    groups = list(measured.videos["group"][is_test])
    test = classification_metrics(
        list(true[is_test]), list(predicted[is_test]), groups, labels, several_labels=several_labels
    )
    change = np.abs(candidate.probabilities - reference.probabilities).max()
    return {
        "name": candidate.name,
        "size_bytes": candidate.size_bytes,
        "latency_ms_median": round(candidate.latency_ms, 2),
        "accuracy": test["accuracy"],
        "macro_f1": test["macro_f1"],
        "val_accuracy": float((predicted == true)[on_val].mean()),
        "max_probability_change": round(float(change), 6),
        "metrics": test,
    }


def _input(clip: Path, spec: InputSpec) -> NetworkInput:
    return network_input(read_clip(clip, spec.clip.num_frames), spec)
