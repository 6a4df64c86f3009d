"""Few clips, many labels, several labels a video: the same parameters train them all, as far as a bundle."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from small_data import Clip, run_stages, write_params, write_project

from sora import layout
from sora.bundle import read_bundle
from sora.manifest import read_records, read_table
from sora.predictor import Predictor
from sora.report.gather import Choices, read_content
from sora.report.page import render_report

pytestmark = pytest.mark.slow
COLOURS = list(itertools.product((60, 95, 130, 165, 195), (60, 130, 195), (60, 130, 195)))[:40]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def several_labels(num_clips: int) -> list[Clip]:
    """Red, blue and coarse go with each other in every way, but never none of them."""
    kinds = [kind for kind in itertools.product((False, True), repeat=3) if any(kind)]
    return [
        Clip(
            ";".join(itertools.compress(("blue", "coarse", "red"), kind)),
            (180 if kind[2] else 70, 110, 180 if kind[0] else 70),
            block_px=16 if kind[1] else 4,
        )
        for kind in itertools.islice(itertools.cycle(kinds), num_clips)
    ]


def metrics() -> dict:
    return json.loads(layout.METRICS.read_text())


def report_text() -> str:
    return render_report(read_content(Choices(num_mistakes=3)))


def assert_served_as_evaluated(folder: Path) -> None:
    predictor = Predictor(layout.BUNDLE)
    for row in read_records(layout.PREDICTIONS)[:3]:
        answer = predictor.answer(folder / "videos" / row["path"])
        assert ";".join(answer.get("labels", [answer["label"]])) == row["predicted"]
        for label, probability in answer["probabilities"].items():
            assert probability == pytest.approx(row[f"probability_{label}"], abs=1e-3)


def test_two_labels_of_twenty_clips(folder):
    colours = {"dark": (70, 70, 80), "bright": (180, 180, 170)}
    write_project(folder, [Clip(label, colour) for label, colour in colours.items() for _ in range(20)])
    run_stages()
    assert metrics()["kind"] == "one_label"
    assert metrics()["num_test_videos"] == 10
    assert metrics()["accuracy"] >= 0.9
    assert not read_bundle(layout.BUNDLE).several_labels
    assert_served_as_evaluated(folder)


def test_forty_labels_of_three_clips(folder):
    write_project(folder, [Clip(f"c{n:02}", c) for n, c in enumerate(COLOURS) for _ in range(3)])
    run_stages()
    assert read_table(layout.SPLITS)["split"].value_counts().to_dict() == {"train": 80, "test": 40}
    assert metrics()["num_test_videos"] == 40
    assert metrics()["accuracy"] >= 0.25  # chance is 0.025
    assert_served_as_evaluated(folder)
    write_params(folder, {"train": {"head": "gru", "epochs": 2}})
    run_stages(["train", "evaluate", "compress"])
    assert json.loads(layout.TRAINING.read_text())["head"] == "gru"


def test_several_labels_a_video(folder):
    write_project(folder, several_labels(48))
    run_stages()
    found = metrics()
    rows = read_records(layout.PREDICTIONS)
    assert found["kind"] == "several_labels"
    assert found["accuracy"] == np.mean([row["label"] == row["predicted"] for row in rows])
    assert found["macro_f1"] >= 0.7
    assert any(";" in row["predicted"] for row in rows)
    assert read_bundle(layout.BUNDLE).several_labels
    assert_served_as_evaluated(folder)
    assert "The model names all labels, and no other" in report_text()
