"""The stage stress on clips of one colour, with the mean colour of an image in place of a backbone."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pandas as pd
import pytest
from clip_specs import clip_spec, input_spec
from onnx import TensorProto, helper

from sora import layout
from sora.atomic import write_json
from sora.errors import SoraError
from sora.manifest import write_table
from sora.networks.model_files import save_model
from sora.params import Runtime, Settings
from sora.stages import stress
from sora.store import VideoStore
from sora.video.write import write_clip

SIDE_PX = 32
SPEC = input_spec(
    clip_spec(num_segments=4, frames_per_segment=4, image_size_px=SIDE_PX),
    streams="rgb difference",
    descriptors="",
)
SETTINGS = Settings(0, Runtime(1, 600, 4))  # long enough under any load
NONE = stress.Params(12, noise=[], blur_px=[], dark=[], reencoding=[], dropped_frames=[])
BRIGHTNESS, DIFFERENCE = slice(0, 3), slice(3, 6)  # columns of the features


def write_mean_network(path: Path) -> None:
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["t", SIDE_PX, SIDE_PX, 3])
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["t", 3])
    axes = helper.make_tensor("axes", TensorProto.INT64, [2], [1, 2])
    node = helper.make_node("ReduceMean", ["images", "axes"], ["features"], keepdims=0)
    graph = helper.make_graph([node], "mean", [images], [features], [axes])
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)


def write_head(columns: slice, gain: float, activation: str = "softmax") -> None:
    """Two labels, rises and falls, by the sign of the mean of some columns times ``gain``."""
    inputs = keras.Input((4, 6), name="features")
    pooled = keras.layers.GlobalAveragePooling1D()(inputs)
    dense = keras.layers.Dense(2, name="logits")
    logits = dense(pooled)
    kernel = np.zeros((6, 2), np.float32)
    kernel[columns] = [-gain, gain]
    dense.set_weights([kernel, np.zeros(2, np.float32)])
    probabilities = keras.layers.Activation(activation, name="probabilities")(logits)
    embedding = keras.layers.UnitNormalization(name="embedding")(logits)
    save_model(keras.Model(inputs, [probabilities, embedding]), layout.TRAINED)


def write_project(labels: Sequence[str] = ("falls", "rises") * 8) -> None:
    """Bright clips that fall a little within each moment, and dark ones that rise; all are test videos."""
    store = VideoStore(layout.CLIPS, ".mkv")
    paths = [f"{number:02}.mp4" for number in range(len(labels))]
    for number, (path, label) in enumerate(zip(paths, labels, strict=True)):
        sign = 1 if "rises" in label else -1
        levels = np.rint(127 - sign * (30 - 5 * (np.arange(16) % 4)) + number % 5).astype(np.uint8)
        frames = np.broadcast_to(levels[:, None, None, None], (16, SIDE_PX, SIDE_PX, 3))
        write_clip(store.path(path), np.ascontiguousarray(frames))
    groups = [f"g{number // 2}" for number in range(len(labels))]
    write_table(layout.CLIP_INDEX, pd.DataFrame({"path": paths, "key": paths, "reason": ""}))
    write_table(layout.FEATURE_INDEX, pd.DataFrame({"path": paths, "view": 0, "key": paths, "reason": ""}))
    write_table(layout.VALIDATED, pd.DataFrame({"path": paths, "label": labels, "group": groups}))
    write_table(layout.SPLITS, pd.DataFrame({"path": paths, "split": "test"}))
    write_json(layout.TRAINED_LABELS, ["falls", "rises"])
    write_json(layout.INPUT_SPEC, asdict(SPEC))
    write_mean_network(layout.BACKBONE)


def stressed(params: stress.Params) -> dict[str, Any]:
    stress.run(params, SETTINGS)
    assert layout.ROBUSTNESS_PLOT.read_bytes().startswith(b"\x89PNG")
    return json.loads(layout.ROBUSTNESS.read_text())


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_project()


def test_a_model_of_frames_fails_in_the_dark_and_does_not_use_time():
    write_head(BRIGHTNESS, gain=-4)
    found = stressed(replace(NONE, dark=[0.9, 0.05], noise=[5]))
    assert (found["num_videos"], found["accuracy"], found["chance"]) == (12, 1, 0.5)
    noise, dark = found["conditions"]
    assert [condition["name"] for condition in found["conditions"]] == ["noise", "dark"]
    assert [level["level"] for level in dark["levels"]] == [0.9, 0.05]
    assert [level["accuracy"] for level in (*noise["levels"], *dark["levels"])] == [1, 1, 0.5]
    assert dark["levels"][1]["agreement"] == 0.5
    assert dark["levels"][1]["accuracy_interval_low"] < 0.5 < dark["levels"][1]["accuracy_interval_high"]
    assert found["time"]["verdict"].startswith("The model does not use the order of time")
    assert found["time"]["reversed"]["agreement"] == 1


def test_a_model_of_differences_is_fooled_by_time_alone():
    write_head(DIFFERENCE, gain=20)
    found = stressed(replace(NONE, dropped_frames=[0.5], reencoding=[30]))
    reencoding, dropped = found["conditions"]
    assert found["accuracy"] == reencoding["levels"][0]["accuracy"] == 1
    assert dropped["levels"][0]["mean_probability"] < reencoding["levels"][0]["mean_probability"]
    time = found["time"]
    assert (time["uses_direction"], time["uses_order_of_moments"]) == ("yes", "no")
    assert (time["reversed"]["accuracy"], time["shuffled"]["accuracy"]) == (0, 1)
    assert time["still"]["mean_probability"] == pytest.approx(0.5, abs=0.1)


def test_a_damaged_clip_is_set_aside_from_every_figure():
    write_head(BRIGHTNESS, gain=-4)
    VideoStore(layout.CLIPS, ".mkv").path("03.mp4").write_bytes(b"no video")
    found = stressed(replace(NONE, num_videos=100, blur_px=[1]))
    assert list(found["set_aside"]) == ["03.mp4"]
    assert (found["num_videos"], found["accuracy"]) == (15, 1)
    for path in layout.CLIPS.iterdir():
        path.write_bytes(b"no video")
    with pytest.raises(SoraError, match="no test clip could be made worse; the first:"):
        stress.run(NONE, SETTINGS)


def test_several_labels_and_a_model_trained_from_clips():
    write_project(["falls", "rises", "falls;rises"] * 4)
    write_head(BRIGHTNESS, gain=-4, activation="sigmoid")
    layout.BACKBONE.unlink()
    layout.INPUT_SPEC.unlink()
    write_mean_network(layout.TRAINED_BACKBONE)
    write_json(layout.TRAINED_SPEC, asdict(SPEC))
    found = stressed(replace(NONE, noise=[3]))
    assert found["chance"] is None
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["conditions"][0]["levels"][0]["agreement"] == 1
    assert 0.5 < found["conditions"][0]["levels"][0]["mean_probability"] < 1


def test_no_video_asked_for_is_no_work():
    found = stressed(replace(NONE, num_videos=0))
    assert found == {"num_videos": 0, "conditions": [], "set_aside": {}}


def test_an_equal_run_writes_equal_bytes():
    write_head(BRIGHTNESS, gain=-4)
    params = replace(NONE, num_videos=4, noise=[20], reencoding=[42])
    written = []
    for _ in range(2):
        stress.run(params, SETTINGS)
        written.append((layout.ROBUSTNESS.read_bytes(), layout.ROBUSTNESS_PLOT.read_bytes()))
    assert written[0] == written[1]
