from pathlib import Path

import pandas as pd
import pytest
from clip_specs import clip_spec, input_spec
from report_samples import COMPRESSION, METRICS, SALIENCY, STRIP, TRAINING, VALIDATION

from sora import layout
from sora.atomic import write_bytes, write_json
from sora.bundle import write_bundle
from sora.errors import SoraError
from sora.manifest import write_table
from sora.report.gather import Choices, read_content
from sora.report.model_card import render_model_card
from sora.report.page import render_report

FACTS = {"duration_seconds": 2.0, "size_bytes": 900, "width": 64, "height": 48, "fps": 25.0}


def video(path: str, label: str, group: str) -> dict:
    named = {"path": path, "file": f"videos/{path}", "label": label, "group": group, "content_hash": path[0]}
    return {**named, **FACTS, "video_codec": "h264", "has_audio": False}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the least that the stages write, of three videos; the optional parts are not there."""
    monkeypatch.chdir(tmp_path)
    videos = pd.DataFrame(
        [video("a/1.mp4", "run", "g1"), video("b/2.mp4", "run", "g2"), video("c/3.mp4", "x", "g2")]
    )
    for path in (layout.MANIFEST, layout.VALIDATED):
        write_table(path, videos)
    write_table(layout.SPLITS, pd.DataFrame({"path": videos["path"], "split": ["train", "test", "test"]}))
    answers = pd.DataFrame(
        {"path": ["b/2.mp4", "c/3.mp4"], "label": ["run", "x"], "predicted": ["run", "run"]}
    )
    write_table(layout.PREDICTIONS, answers.assign(probability_run=[0.75, 0.5], probability_x=[0.25, 0.5]))
    scores = {"precision": 0.5, "recall": 0.5, "f1": 0.5, "num_videos": 1, "roc_auc": [0.5, None]}
    write_table(layout.PER_CLASS, pd.DataFrame({"label": ["run", "x"], **scores}))
    write_table(layout.HISTORY, pd.DataFrame([{"epoch": 1, "loss": 0.5}]))
    for path, value in (
        (layout.VALIDATION, VALIDATION),
        (layout.METRICS, METRICS),
        (layout.TRAINING, TRAINING),
        (layout.COMPRESSION, COMPRESSION),
    ):
        write_json(path, value)
    write_bytes(layout.THUMBNAILS / "b.jpg", STRIP)
    networks = {name: tmp_path / f"{name}.tflite" for name in ("backbone", "head")}
    for path in networks.values():
        path.write_bytes(b"network")
    write_bundle(
        layout.BUNDLE,
        **networks,
        edge_backbone=networks["backbone"],
        edge_head=networks["head"],
        spec=input_spec(clip_spec(), streams="rgb"),
        labels=["run", "x"],
        several_labels=False,
        variant="float32",
        edge_variant="float32",
        lineage={"sora": "0.1.0"},
    )
    return tmp_path


def test_content_is_what_the_stages_wrote(project):
    content = read_content(Choices(num_mistakes=3, intended_use="Gyms."))
    assert content.source == "videos"
    assert content.split_counts == {"train": 1, "val": 0, "test": 2}
    assert content.num_test_groups == 1
    assert content.predictions[0]["probabilities"] == {"run": 0.75, "x": 0.25}
    assert [row["roc_auc"] for row in content.per_class] == [0.5, None]
    assert content.thumbnails == {"b/2.mp4": STRIP}
    assert dict(content.data_sheet)["Videos"] == "3 of 2 groups"
    assert list(content.lineage) == ["sora", "model"]
    assert (content.num_mistakes, content.intended_use) == (3, "Gyms.")
    assert content.evaluation == content.robustness == content.explanation == {}
    assert "60.0" in render_report(content)
    assert "Gyms." in render_model_card(content)


def test_strips_of_explain_are_found_by_the_path_of_their_video(project):
    row = {"path": "c/3.mp4", "label": "x", "predicted": "run", "probability": 0.5, "image": "0001.jpg"}
    write_json(layout.EXPLANATION, {"num_videos": 1, "method": "occlusion", "videos": [row]})
    write_bytes(layout.EXPLANATION_IMAGES / "0001.jpg", SALIENCY)
    assert read_content(Choices()).saliency_strips == {"c/3.mp4": SALIENCY}


def test_a_missing_table_is_one_clear_error(project):
    layout.PREDICTIONS.unlink()
    with pytest.raises(SoraError, match=r"reports/predictions\.csv is missing: run dvc repro"):
        read_content(Choices())
