"""The whole pipeline under real DVC, on clips that the test writes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from projects import add_video, change_param, environment, make_project, repro, run, stages_run, store_bytes

from sora.stages import STAGES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = make_project(tmp_path_factory.mktemp("finished"))
    (folder / "videos" / "dark" / "text.mp4").write_text("not a video")
    return folder, repro(folder)


def test_every_stage_runs_once_and_then_nothing(finished):
    folder, output = finished
    assert stages_run(output) == list(STAGES)
    assert stages_run(repro(folder)) == []
    metrics = json.loads((folder / "reports/metrics.json").read_text())
    compression = json.loads((folder / "reports/compression.json").read_text())
    validation = json.loads((folder / "reports/validation.json").read_text())
    assert metrics["num_test_videos"] >= 2
    names = [row["name"] for row in compression["candidates"]]
    assert names == ["onnx-float32", "litert-float32", "litert-int8", "onnx-int8"]
    assert compression["chosen"] in names
    assert list(validation["quarantined"]) == ["dark/text.mp4"]
    assert "not a readable video" in validation["quarantined"]["dark/text.mp4"][0]
    assert (folder / "reports/report.html").read_text().count("dark/text.mp4") >= 1
    assert (folder / ".bentoml/bentos/sora-video/latest").exists()


def test_status_says_what_is_here_and_what_is_next(finished):
    lines = run(finished[0], "sora", "status").stdout.splitlines()
    assert lines[0] == "videos      10 valid of 11, 1 set aside (reports/quarantine.csv)"
    assert {"serves      nothing", "stale       nothing", "      sora promote"} <= set(lines)


def test_noise_of_libraries_does_not_reach_the_user(finished):
    _, output = finished
    for word in ("TensorFlow", "oneDNN", "cuda", "WARNING", "INFO:", "Traceback", "Calculating Metrics"):
        assert word not in output


def test_predict_gives_what_evaluate_stored_but_for_what_compression_tells(finished):
    folder, _ = finished
    compression = json.loads((folder / "reports/compression.json").read_text())
    served = next(row for row in compression["candidates"] if row["name"] == compression["chosen"])
    tolerance = 1e-3 + served["max_probability_change"]
    num_same = 0
    rows = (folder / "reports/predictions.csv").read_text().splitlines()
    header = rows[0].split(",")
    for row in rows[1:]:
        values = dict(zip(header, row.split(","), strict=True))
        shown = run(folder, "sora", "predict", f"videos/{values['path']}")
        answer = json.loads(shown.stdout)
        assert shown.returncode == 0
        num_same += answer["label"] == values["predicted"]
        for label, probability in answer["probabilities"].items():
            assert probability == pytest.approx(float(values[f"probability_{label}"]), abs=tolerance)
    assert num_same == pytest.approx(served["agreement"] * len(rows[1:]))


def test_predict_says_what_is_wrong_with_a_video(finished):
    folder, _ = finished
    shown = run(folder, "sora", "predict", "videos/dark/text.mp4", "videos/dark/dark0.mp4")
    first, second = map(json.loads, shown.stdout.splitlines())
    assert shown.returncode == 1
    assert "not a readable video" in first["error"]
    assert set(second) == {"video", "label", "probabilities", "prediction_id"}


def test_a_parameter_of_train_runs_train_and_what_follows_with_the_same_data(finished):
    folder, _ = finished
    change_param(folder, "train", "embedding_size", 32)
    assert stages_run(repro(folder)) == ["train", "evaluate", "stress", "explain", "compress", "package"]
    change_param(folder, "train", "embedding_size", 64)


def test_one_new_video_costs_one_video_of_work(finished):
    folder, _ = finished
    clips = store_bytes(folder, "clips")
    add_video(folder, "dark", 77, 75)
    output = repro(folder, "extract")
    assert "ingest: 1 videos" in output
    assert "preprocess: 1 videos" in output
    assert "extract: 1 videos" in output
    after = store_bytes(folder, "clips")
    assert clips.items() < after.items()
    assert len(after) == len(clips) + 1


@pytest.mark.parametrize("whole_group", [False, True])
def test_killed_run_resumes_to_the_same_stores(finished, tmp_path, whole_group):
    reference = finished[0]
    folder = make_project(tmp_path, num_groups=5)
    process = subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro", "extract"],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    clips = folder / "data" / "clips"
    while not (clips.is_dir() and any(clips.glob("*.mkv"))):
        assert process.poll() is None
        time.sleep(0.01)
    (os.killpg if whole_group else os.kill)(process.pid, signal.SIGKILL)
    process.wait()
    repro(folder, "extract")
    for store in ("clips", "features"):
        expected, found = store_bytes(reference, store), store_bytes(folder, store)
        assert len(found) == 10
        assert found.items() <= expected.items()


def test_two_runs_from_scratch_give_the_same_weights(finished, tmp_path):
    folder = make_project(tmp_path)
    (folder / "videos" / "dark" / "text.mp4").write_text("not a video")
    add_video(folder, "dark", 77, 75)
    repro(folder, "train")
    repro(finished[0], "train")
    for name in ("config.json", "weights.npz"):
        expected = (finished[0] / "models/trained" / name).read_bytes()
        assert (folder / "models/trained" / name).read_bytes() == expected


@pytest.mark.parametrize(
    ("section", "name", "value", "message"),
    [
        ("train", "dropout", "high", "params.yaml: train.dropout: input should be a valid number"),
        ("ingest", "sorce", "x", "params.yaml: ingest.sorce: unknown parameter"),
        ("ingest", "split_column", "official", "has no labels.csv"),
        ("validate", "min_groups_per_label", 50, "at least validate.min_groups_per_label = 50 are needed"),
    ],
)
def test_bad_parameters_give_one_clear_line(tmp_path, section, name, value, message):
    folder = make_project(tmp_path, num_groups=2)
    change_param(folder, section, name, value)
    shown = run(folder, sys.executable, "-m", "sora.stages", "ingest")
    if section == "validate":
        shown = run(folder, sys.executable, "-m", "sora.stages", "validate")
    assert shown.returncode == 1
    lines = [line for line in shown.stderr.splitlines() if not line.startswith("ingest:")]
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert message in lines[0]
