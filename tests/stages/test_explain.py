"""The stage on clips whose label is the stripes of one square, with a small real model."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from keras import Input, Model, layers
from planted_evidence import GRID_CELLS, LABELS, NUM_FEATURES, SPEC, fitted_weights, planted, write_backbone

from sora import layout
from sora.atomic import write_json
from sora.errors import SoraError
from sora.explanation.filmstrip import TILE_PX
from sora.manifest import write_table
from sora.networks.model_files import save_model
from sora.params import Runtime, Settings
from sora.stages import explain
from sora.store import VideoStore
from sora.trained import clip_paths
from sora.video.write import write_clip

SETTINGS = Settings(0, Runtime(1, 120, 4))
PARAMS = explain.Params(3, "maps", GRID_CELLS, 4, 2)
CLIPS = [planted(seed) for seed in range(4)]


def write_head(kernel: np.ndarray, bias: np.ndarray, activation: str) -> None:
    """Write a linear head; with ``sigmoid`` a video may have several labels."""
    features = Input((SPEC.clip.num_segments, NUM_FEATURES), name="features")
    pooled = layers.GlobalAveragePooling1D()(features)
    logits = layers.Dense(2, name="logits")
    probabilities = layers.Activation(activation, name="probabilities")(logits(pooled))
    logits.set_weights([kernel, bias])
    embedding = layers.UnitNormalization(name="embedding")(pooled)
    save_model(Model(features, [probabilities, embedding]), layout.TRAINED)
    write_json(layout.TRAINED_LABELS, LABELS)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All that the stage reads, in the current folder; the third of four videos is a mistake."""
    monkeypatch.chdir(tmp_path)
    write_head(*fitted_weights(write_backbone(layout.BACKBONE)), "softmax")
    write_json(layout.INPUT_SPEC, asdict(SPEC))
    store, rows = VideoStore(layout.CLIPS, ".mkv"), []
    for number, each in enumerate(CLIPS):
        write_clip(store.path(f"key{number}"), each.clip)
        row = {"path": f"{number}.mp4", "key": f"key{number}", "reason": ""}
        rows.append({**row, "label": LABELS[each.label], "predicted": LABELS[each.label]})
    rows[2]["label"] = "level"
    table = pd.DataFrame(rows).assign(probability_upright=0.5, probability_level=0.5)
    write_table(layout.CLIP_INDEX, table[["path", "key", "reason"]])
    write_table(
        layout.PREDICTIONS, table[["path", "label", "predicted", "probability_upright", "probability_level"]]
    )
    return tmp_path


def record() -> dict:
    return json.loads(layout.EXPLANATION.read_text())


def strips() -> list[str]:
    return sorted(path.name for path in layout.EXPLANATION_IMAGES.iterdir())


def test_the_worst_mistake_comes_first_and_every_video_has_a_strip(project):
    explain.run(PARAMS, SETTINGS)
    found = record()
    assert [video["path"] for video in found["videos"]] == ["2.mp4", "3.mp4", "0.mp4"]
    assert found["num_videos"] == 3
    assert strips() == ["0001.jpg", "0002.jpg", "0003.jpg"]
    for number, video in enumerate(found["videos"], start=1):
        planted_there = CLIPS[int(video["path"][0])]
        assert video["image"] == f"{number:04}.jpg"
        assert video["explained"] == video["predicted"] == LABELS[planted_there.label]
        assert video["probability"] > 0.9
        assert len(video["moment_importance"]) == SPEC.clip.num_segments
        assert int(np.argmax(video["moment_importance"])) == planted_there.moment
        assert cv2.imread(str(layout.EXPLANATION_IMAGES / video["image"])).shape[0] > 2 * TILE_PX
    assert found["videos"][0]["label"] == "level"
    for test in (found, found["frames"]):
        assert test["deletion"]["saliency_area"] < test["deletion"]["random_area"]
        assert test["insertion"]["saliency_area"] > test["insertion"]["random_area"]
    first = layout.EXPLANATION.read_bytes()
    explain.run(PARAMS, SETTINGS)
    assert layout.EXPLANATION.read_bytes() == first
    explain.run(replace(PARAMS, num_videos=0), SETTINGS)
    assert strips() == []
    assert record() == {
        "num_videos": 0,
        "method": found["method"],
        "set_aside": {},
        "deletion": {},
        "insertion": {},
        "frames": {},
        "videos": [],
    }


def test_a_clip_that_cannot_be_read_is_set_aside_and_the_rest_goes_on(project):
    broken, *others = (clip_paths()[path] for path in ("2.mp4", "3.mp4", "0.mp4"))
    broken.write_bytes(b"no video")
    explain.run(PARAMS, SETTINGS)
    found = record()
    assert [video["path"] for video in found["videos"]] == ["3.mp4", "0.mp4"]
    assert (found["num_videos"], list(found["set_aside"])) == (2, ["2.mp4"])
    assert strips() == ["0001.jpg", "0002.jpg"]
    for clip in others:
        clip.write_bytes(b"no video")
    with pytest.raises(SoraError, match="no clip could be explained"):
        explain.run(PARAMS, SETTINGS)


def test_several_labels_a_video_and_regions_of_pixels(project):
    write_head(*fitted_weights(layout.BACKBONE), "sigmoid")
    explain.run(replace(PARAMS, method="pixels", num_videos=1), SETTINGS)
    (video,) = record()["videos"]
    assert video["explained"] == "upright"
    assert int(np.argmax(video["moment_importance"])) == CLIPS[2].moment


def test_what_is_missing_is_told(project):
    layout.PREDICTIONS.unlink()
    with pytest.raises(SoraError, match=r"predictions\.csv is missing: run dvc repro"):
        explain.run(PARAMS, SETTINGS)
