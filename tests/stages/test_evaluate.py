"""train and evaluate on stored features: what they write agrees, with one label a video and with several."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from clip_specs import clip_spec, input_spec
from feature_projects import make_features, write_facts

from sora import layout
from sora.manifest import read_records, write_table
from sora.params import Runtime, Settings, convert
from sora.stages import evaluate, train


def run_stages(folder: Path, **changes: object) -> tuple[dict, dict, dict]:
    """Give what train, metrics.json and evaluation.json say."""
    params = yaml.safe_load((folder / "params.yaml").read_text())
    settings = Settings(seed=0, runtime=convert(Runtime, params["runtime"], "runtime"))
    train.run(convert(train.Params, params["train"] | changes, "train"), settings)
    evaluate.run(convert(evaluate.Params, params["evaluate"], "evaluate"), settings)
    files = (layout.TRAINING, layout.METRICS, layout.EVALUATION)
    return tuple(json.loads(file.read_text()) for file in files)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_features(tmp_path, num_groups=72)
    (tmp_path / layout.INPUT_SPEC).write_text(json.dumps(asdict(input_spec(clip_spec()))))
    monkeypatch.chdir(tmp_path)
    write_facts()
    return tmp_path


def test_what_is_served_is_calibrated_and_what_is_written_agrees(folder: Path):
    # A network that is smoothed this much is far less sure of itself than it is right.
    smoothed = {"head": "mean_std", "blocks": ["rgb"], "epochs": 15, "label_smoothing": 0.6, "refit": False}
    training, metrics, evaluation = run_stages(folder, **smoothed)
    found = training["calibration"]
    assert metrics["temperature"] == found["temperature"] < 0.8
    assert found["log_loss_after"] < found["log_loss_before"]
    plain = run_stages(folder, **smoothed, calibrate=False)
    assert plain[0]["calibration"]["reason"] == "not fitted: train.calibrate is false"
    assert plain[1]["temperature"] == 1
    assert metrics["log_loss"] < plain[1]["log_loss"]
    for name in ("accuracy", "macro_f1", "macro_roc_auc"):
        assert metrics[name] == plain[1][name]
    bins = evaluation["reliability"]
    assert sum(row["num_videos"] for row in bins) == metrics["num_test_videos"] == 48
    right = sum(row["num_videos"] * row["accuracy"] for row in bins)
    assert right / 48 == pytest.approx(metrics["accuracy"])
    areas = [row["roc_auc"] for row in read_records(layout.PER_CLASS)]
    assert np.mean(areas) == pytest.approx(metrics["macro_roc_auc"])
    assert list(evaluation["roc"]) == ["left", "right"]
    predictions = read_records(layout.PREDICTIONS)
    assert [row["path"] for row in evaluation["embedding_map"]] == [row["path"] for row in predictions]
    assert [text.split(" the ")[0] for text in evaluation["warnings"]] == ["With 48 test videos"]
    drawn = {path.stem for path in layout.PLOTS.iterdir()}
    assert drawn == {"confusion", "per_class", "precision_recall", "reliability", "roc", "training"}


def test_several_labels_a_video(folder: Path):
    videos = pd.read_csv(layout.VALIDATED)
    videos.loc[::2, "label"] += ";sunny"
    write_table(layout.VALIDATED, videos)
    training, metrics, evaluation = run_stages(folder)
    assert "training videos of left-out folds" in training["calibration"]["reason"]
    assert metrics["kind"] == "several_labels"
    assert "top_3_accuracy" not in metrics
    assert 0 < metrics["macro_average_precision"] <= 1
    assert sum(row["num_videos"] for row in evaluation["reliability"]) == 3 * 48
    assert list(evaluation["precision_recall"]) == ["left", "right", "sunny"]
