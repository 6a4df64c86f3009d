import json
import shutil
import sys
from pathlib import Path

import feature_projects
import pytest
import yaml
from projects import run
from registry_projects import IDENTITY, git
from typer.testing import CliRunner

from sora import layout
from sora.atomic import write_json
from sora.cli import app
from sora.errors import SoraError
from sora.params import read_section
from sora.training.spec import TrainSpec
from sora.updating import call_off_update, propose_update, with_value

TRAIN = """\
import pathlib, sys
folder = pathlib.Path("models/trained/without_val")
folder.mkdir(parents=True, exist_ok=True)
(folder / "weights").write_text(sys.argv[1])
(folder.parent / "learned.csv").write_text("key,view,label,split\\n1,0,a,train\\n")
"""
YAML = """\
seed: 0  # of all
train:
  update:              # from what
    parent: models/none  # or another: parent
    epochs: 2
parent: other
"""


def test_one_value_is_replaced_and_nothing_else():
    changed = with_value(YAML, "train.update.parent", "models/parent")
    assert changed == YAML.replace("models/none", "models/parent")
    assert with_value(changed, "train.update.parent", "models/none") == YAML
    for name in ("train.update.parents", "train.update.parent.more"):
        with pytest.raises(SoraError, match=rf"params\.yaml: {name}: this parameter is missing"):
            with_value(YAML, name, "1")


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    feature_projects.make_features(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def parent() -> str:
    return read_section("train", TrainSpec).update.parent


def test_what_cannot_be_updated_is_told_and_params_stay(project):
    said = CliRunner().invoke(app, ["update"])
    assert said.exit_code == 1
    assert "no model serves yet" in said.output
    params = project / "params.yaml"
    text = params.read_text()
    recipe = "  default:\n    preprocess: {}\n    extract: {}\n    train: {update: {parent: elsewhere}}"
    params.write_text(text.replace(text[text.index("  default:") : text.index("  fast:")], recipe + "\n"))
    before = params.read_text()
    with pytest.raises(SoraError, match=r"a recipe sets train\.update\.parent"):
        call_off_update()
    assert params.read_text() == before


def dvc(folder: Path, *words: str) -> str:
    done = run(folder, sys.executable, "-m", "dvc", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def served(project) -> Path:
    """A DVC project in a subfolder of a repository: version one serves, and two is what is here."""
    folder = project / "inner"
    folder.mkdir()
    for path in [path for path in project.iterdir() if path != folder]:
        path.rename(folder / path.name)
    (folder / layout.NO_PARENT).parent.mkdir()
    shutil.copy(feature_projects.ROOT / layout.NO_PARENT, folder / layout.NO_PARENT)
    (folder / "train.py").write_text(TRAIN)
    stage = {
        "cmd": "python train.py ${seed}",
        "deps": ["${train.update.parent}"],
        "outs": [layout.TRAINED.as_posix()],
    }
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"train": stage}}))
    git(project, "init", "-q")
    dvc(folder, "init", "-q", "--subdir")
    dvc(folder, "repro", "-q")
    git(project, "add", ".")
    git(project, *IDENTITY, "commit", "-qm", "one")
    git(project, "tag", "model-one")
    (folder / "params.yaml").write_text((folder / "params.yaml").read_text().replace("seed: 0", "seed: 7"))
    dvc(folder, "repro", "-q")
    names = ("event", "bundle_version", "commit", "bundle", "bento", "bento_sha256", "holdout", "previous")
    pointer = {**dict.fromkeys((*names, "at", "by", "why"), ""), "serial": 1, "accuracy": 1.0, "checks": []}
    write_json(folder / layout.REGISTRY / "serving.json", pointer | {"version": "one", "tag": "model-one"})
    return folder


@pytest.mark.slow
def test_the_model_that_serves_becomes_the_parent_and_back(served, monkeypatch):
    monkeypatch.chdir(served)
    text = (served / "params.yaml").read_text()
    said = propose_update()
    assert "models/parent is what one was made of" in said[0]
    assert (layout.PARENT / "without_val/weights").read_text() == "0"
    assert (layout.TRAINED / "without_val/weights").read_text() == "7"
    assert (served / "params.yaml").read_text() == text.replace(
        "parent: models/none ", "parent: models/parent "
    )
    assert parent() == "models/parent"
    assert "/parent" in (served / "models/.gitignore").read_text()
    assert list(json.loads(dvc(served, "status", "--json"))) == ["train"]
    dvc(served, "repro", "-q")
    assert "up to date" in dvc(served, "status")
    propose_update()  # again, nothing has changed
    assert "up to date" in dvc(served, "status")
    call_off_update()
    assert (served / "params.yaml").read_text() == text
    git(served, "tag", "-d", "model-one")
    with pytest.raises(SoraError, match=r"DVC cannot bring the weights .*model-one"):
        propose_update()
