"""The stage compress on clips of one colour, with random weights in the backbone and a head by brightness."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

import keras
import numpy as np
import pandas as pd
import pytest
from bundles import NUM_BACKBONE_FEATURES, tiny_backbone
from clip_specs import input_spec

from sora import layout
from sora.atomic import write_json
from sora.bundle import read_bundle
from sora.compression.building import Candidate
from sora.compression.figures import Costs
from sora.compression.latency import Durations
from sora.frames.inputs import network_input
from sora.manifest import write_table
from sora.networks.model_files import save_model
from sora.networks.onnx_export import export_onnx
from sora.params import Runtime, Settings
from sora.runtimes import load_backbone, load_head, segment_features
from sora.stages import compress
from sora.store import VideoStore
from sora.video.write import read_clip, write_clip

SPEC = input_spec(streams="rgb", descriptors="")
SETTINGS = Settings(0, Runtime(1, 600, 4))  # long enough under any load
PARAMS = compress.Params(
    runtimes=["litert", "onnx"],
    precisions=["int8"],
    prune_channels=[0],
    prune_weights=[0],
    num_calibration_videos=4,
    max_accuracy_loss=0,
    min_agreement=1,
    latency_repeats=3,
)
NAMES = ["onnx-float32", "litert-float32", "litert-int8", "onnx-int8"]
LABELS = ["bright", "dark"]


def write_project(splits: Sequence[str]) -> None:
    """A bright and a dark clip of a group of its own for each split named, and what train writes."""
    store, rows = VideoStore(layout.CLIPS, ".mkv"), []
    for number, split in enumerate(splits):
        for label, level in (("bright", 200 + number), ("dark", 50 + number)):
            path = f"{label}{number}.mp4"
            write_clip(store.path(path), np.full((SPEC.clip.num_frames, 64, 64, 3), level, np.uint8))
            rows.append((path, path, label, f"g{number}", split, 0, ""))
    columns = ["path", "key", "label", "group", "split", "view", "reason"]
    videos = pd.DataFrame(rows, columns=columns).assign(content_hash=[row[0] for row in rows])
    write_table(layout.CLIP_INDEX, videos[["path", "key", "reason"]])
    write_table(layout.FEATURE_INDEX, videos[["path", "view", "key", "reason"]])
    write_table(layout.VALIDATED, videos[["path", "label", "group", "content_hash"]])
    write_table(layout.SPLITS, videos[["path", "split"]])
    write_table(layout.TRAINED_LEARNED, videos[["key", "view", "label", "split"]])
    write_json(layout.TRAINED_LABELS, LABELS)
    write_json(layout.INPUT_SPEC, asdict(SPEC))
    export_onnx(tiny_backbone(), layout.BACKBONE)
    save_model(tiny_backbone(), layout.BACKBONE_MODEL)
    save_model(head(), layout.TRAINED)


def head() -> keras.Model:
    """Tell bright from dark by the features of the first two clips."""
    features = keras.Input((4, NUM_BACKBONE_FEATURES), name="features")
    pooled = keras.layers.GlobalAveragePooling1D()(features)
    dense = keras.layers.Dense(2, name="logits")
    logits = dense(pooled)
    store, backbone = VideoStore(layout.CLIPS, ".mkv"), load_backbone(layout.BACKBONE)
    clips = [read_clip(store.path(f"{label}0.mp4"), SPEC.clip.num_frames) for label in LABELS]
    bright, dark = (segment_features(network_input(clip, SPEC), backbone).mean(axis=0) for clip in clips)
    towards = (bright - dark) / np.square(bright - dark).sum()
    bias = -float(towards @ (bright + dark)) / 2
    dense.set_weights([20 * np.stack([towards, -towards], 1), np.array([20 * bias, -20 * bias])])
    probabilities = keras.layers.Activation("softmax", name="probabilities")(logits)
    return keras.Model(features, [probabilities, keras.layers.UnitNormalization(name="embedding")(logits)])


def costs_of(milliseconds: dict[str, float]):
    """Give costs as if they had been measured."""

    def measure(candidates: Sequence[Candidate], *_: object, **__: object) -> list[Costs]:
        return [
            Costs(c.size_bytes, Durations((milliseconds[c.variant.name],) * 3), {}, 1000) for c in candidates
        ]

    return measure


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return what runs the stage in a folder of its own, as if candidates had taken so many milliseconds."""
    monkeypatch.chdir(tmp_path)

    def run_stage(
        splits: Sequence[str],
        milliseconds: Sequence[float],
        params: compress.Params = PARAMS,
        prepare: Callable[[Sequence[str]], None] = write_project,
    ) -> dict:
        prepare(splits)
        times = dict(zip(NAMES, milliseconds, strict=True))
        monkeypatch.setattr(compress, "measure_costs", costs_of(times))
        compress.run(params, SETTINGS)
        return json.loads(layout.COMPRESSION.read_text())

    return run_stage


SPLITS = ["train", "train", "val", "val", "test", "test"]


def test_the_fastest_that_is_as_good_is_served_here_and_litert_on_the_edge(run):
    report = run(SPLITS, [40, 50, 30, 20])
    assert [row["name"] for row in report["candidates"]] == NAMES
    assert (report["chosen"], report["edge"]["chosen"]) == ("onnx-int8", "litert-int8")
    assert report["candidates"][1]["refused"] == "is not clearly faster: 50 ms a video against 40"
    assert (report["accuracy"], report["num_test_videos"]) == (1.0, 4)
    assert layout.COMPRESSION_PLOT.read_bytes().startswith(b"\x89PNG")
    bundle = read_bundle(layout.BUNDLE)
    assert (bundle.variant, bundle.edge_variant) == ("onnx-int8", "litert-int8")
    assert (bundle.backbone.suffix, bundle.edge_backbone.suffix) == (".onnx", ".tflite")
    assert bundle.head == bundle.edge_head
    sizes = {row["name"]: row["size_bytes"] for row in report["candidates"]}
    assert sizes["onnx-int8"] == bundle.backbone.stat().st_size + bundle.head.stat().st_size
    clip = read_clip(VideoStore(layout.CLIPS, ".mkv").path("dark5.mp4"), SPEC.clip.num_frames)
    features = segment_features(network_input(clip, SPEC), load_backbone(bundle.backbone))
    assert load_head(bundle.head)(features)[0][1] > 0.9


def test_what_is_evaluated_is_served_where_nothing_is_faster(run):
    report = run(SPLITS, [40, 50, 80, 39])
    bundle = read_bundle(layout.BUNDLE)
    assert (report["chosen"], report["edge"]["chosen"]) == ("onnx-float32", "litert-float32")
    assert bundle.backbone.read_bytes() == layout.BACKBONE.read_bytes()


def test_validation_videos_are_judged_by_the_head_that_has_not_seen_them(run):
    def with_judge(splits: Sequence[str]) -> None:
        write_project(splits)
        judge = head()
        judge.get_layer("logits").set_weights([-w for w in judge.get_layer("logits").get_weights()])
        save_model(judge, layout.TRAINED_WITHOUT_VAL)

    report = run(SPLITS, [40, 50, 30, 20], prepare=with_judge)
    assert {(row["accuracy"], row["val_accuracy"]) for row in report["candidates"]} == {(1.0, 0.0)}
    assert {row["val_agreement"] for row in report["candidates"]} == {1.0}


def test_test_videos_never_decide(run):
    report = run(["train", "train", "test", "test"], [40, 50, 30, 20])
    assert report["chosen"] == "onnx-float32"
    assert {row["refused"] for row in report["candidates"][1:]} == {
        "cannot be judged: there are no validation videos"
    }


def test_a_grid_of_nothing_has_both_float_networks(run):
    report = run(SPLITS, [40, 50, 30, 20], replace(PARAMS, runtimes=[], precisions=[]))
    assert [row["name"] for row in report["candidates"]] == NAMES[:2]
