import json
import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from bare_pythons import bare_python
from bundles import LABELS, tiny_bundle, write_video
from typer.testing import CliRunner

from sora.bundle import Bundle, read_bundle
from sora.cli import app
from sora.edge.export import PACKAGES, export_edge, size_bytes
from sora.errors import SoraError
from sora.predictor import Predictor

SOURCE = Path(__file__).parents[2] / "sora"
# Runs predict.py as python does, then tells which modules of the project are loaded, and from where.
DRIVER = """
import json, runpy, sys
sys.argv = sys.argv[1:]
sys.path[0] = sys.argv[0].rpartition("/")[0]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    loaded = {name: module.__file__ for name, module in sys.modules.items() if name.startswith("sora")}
    print(json.dumps(loaded), file=open("loaded.json", "w"))
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Bundle:
    return tiny_bundle(tmp_path_factory.mktemp("bundle") / "sora")


@pytest.fixture(scope="module")
def exported(bundle, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("edge") / "device"
    export_edge(folder, bundle.folder)
    return folder


@pytest.fixture(scope="module")
def bare(exported, tmp_path_factory) -> Path:
    """A Python that has what requirements.txt names, and nothing else."""
    return bare_python(tmp_path_factory.mktemp("bare"), exported / "requirements.txt")


def run(python: Path | str, exported: Path, *words: Path, folder: Path) -> subprocess.CompletedProcess:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [str(python), "-c", DRIVER, str(exported / "predict.py"), *map(str, words)]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def test_a_bare_environment_gives_the_answers_of_sora_predict(bundle, exported, bare, tmp_path):
    videos = [write_video(tmp_path / f"{seed}.avi", seed=seed) for seed in range(3)]
    broken = tmp_path / "text.mp4"
    broken.write_text("no video")
    finished = run(bare, exported, *videos, broken, folder=tmp_path)
    assert finished.returncode == 1, finished.stderr
    *answers, failed = [json.loads(line) for line in finished.stdout.splitlines()]
    assert failed == {"video": str(broken), "error": "no frame decodes"}
    predictor = Predictor(bundle.folder)
    for video, answer in zip(videos, answers, strict=True):
        expected = predictor.answer(video)
        assert answer["video"] == str(video)
        assert answer["label"] == expected["label"]
        assert answer["probabilities"] == pytest.approx(expected["probabilities"], abs=0.03)  # of noise
        assert answer.keys() == {"video", *expected}
    loaded = json.loads((tmp_path / "loaded.json").read_text())
    assert {"sora.bundle", "sora.frames.inputs"} <= loaded.keys()
    assert all(Path(file).is_relative_to(exported) for file in loaded.values())


def test_the_code_is_that_of_the_project(exported):
    copies = [path for path in exported.rglob("*.py") if path.name != "predict.py"]
    assert {path.name for path in (SOURCE / "frames").glob("*.py")} < {path.name for path in copies}
    for copy in copies:
        assert copy.read_bytes() == (SOURCE / copy.relative_to(exported / "sora")).read_bytes()
    runner = (exported / "predict.py").read_bytes()
    assert runner == (SOURCE / "edge" / "predict.py").read_bytes()
    assert len(runner.splitlines()) < 150


def test_packages_are_pinned_and_the_readme_tells_the_tensors(exported, bundle):
    lines = (exported / "requirements.txt").read_text().splitlines()
    assert lines == [f"{name}=={metadata.version(name)}" for name in PACKAGES]
    readme = (exported / "README.md").read_text()
    assert "| `model/backbone.tflite` | images (1, 64, 64, 3) | features (1, 8) | |" in readme
    expected = "features (1, 4, 48) | probabilities (1, 3), in the order of the labels | embedding (1, 5) |"
    assert f"| `model/head.tflite` | {expected}" in readme
    assert re.search(r"streams rgb, crop, 64 x 64 pixels.*\s.*127\.0.*128\.0.*the 32 numbers", readme)
    assert all(label in readme for label in LABELS)


def test_the_model_is_the_edge_part_of_the_bundle(exported, bundle):
    model = read_bundle(exported / "model")
    assert {path.name for path in model.folder.iterdir()} == {"backbone.tflite", "head.tflite", "bundle.json"}
    assert model.edge_backbone.read_bytes() == bundle.edge_backbone.read_bytes()
    assert (model.spec, model.labels) == (bundle.spec, bundle.labels)
    assert model.lineage == {**bundle.lineage, "exported_from": bundle.version}


@pytest.mark.parametrize("name", ["backbone.tflite", "bundle.json"])
def test_a_damaged_model_is_not_run(exported, tmp_path, name):
    copy = tmp_path / "copy"
    shutil.copytree(exported, copy)
    content = bytearray((copy / "model" / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / "model" / name).write_bytes(content)
    finished = run(sys.executable, copy, tmp_path / "any.avi", folder=tmp_path)
    assert finished.returncode == 1
    assert finished.stdout == ""
    assert re.fullmatch(rf"error: .*{name}: .*build (it|the bundle) again\n", finished.stderr)


def content(folder):
    """Return what was exported; a folder that was run holds byte code too."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return {path.relative_to(folder): path.read_bytes() for path in files}


def test_only_an_earlier_export_is_replaced_and_only_when_asked(exported, bundle, tmp_path):
    folder = tmp_path / "device"
    shutil.copytree(exported, folder)
    (folder / "left over").touch()
    with pytest.raises(SoraError, match="is not empty"):
        export_edge(folder, bundle.folder)
    export_edge(folder, bundle.folder, replace=True)
    assert content(folder) == content(exported)
    assert list(tmp_path.iterdir()) == [folder]
    with pytest.raises(SoraError, match="holds other things than an export"):
        export_edge(tmp_path, bundle.folder, replace=True)
    with pytest.raises(SoraError, match="this is a file"):
        export_edge(folder / "README.md", bundle.folder)


def test_what_fails_leaves_nothing(bundle, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("sora.edge.export._write_texts", full)
    with pytest.raises(OSError, match="no space left"):
        export_edge(tmp_path / "device", bundle.folder)
    assert list(tmp_path.iterdir()) == []


def test_the_command_tells_the_size_or_one_error(bundle, tmp_path):
    folder = tmp_path / "device"
    done = CliRunner().invoke(app, ["export", "edge", str(folder), "--model", str(bundle.folder)])
    assert done.exit_code == 0, done.output
    first, second = done.output.replace("\n", "").split("run it: ")
    assert first.startswith(
        f"{folder}: {size_bytes(folder) / 1e6:.1f} MB, of which the model (float32) takes"
    )
    assert second == f"python {folder}/predict.py VIDEO..."
    none = CliRunner().invoke(app, ["export", "edge", str(tmp_path / "b"), "--model", str(tmp_path)])
    assert none.exit_code == 1
    assert none.output.startswith("error: ")
    assert "there is no model bundle here" in none.output
