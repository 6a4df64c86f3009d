import json
import subprocess
import sys
from pathlib import Path

import feature_projects
import pytest
import yaml
from projects import run

from sora import layout
from sora.errors import SoraError
from sora.params import parse_yaml
from sora.tuning.experiment import command, options, save_experiment

POINT = {"train.head": "mean", "train.blocks": ["rgb.mean", "motion"], "train.l2": 5e-05}
VALUES = {"recipe": "fast", "recipes": {"fast": {"train": {}}, "default": {"train": {"head": "gru"}}}}
STAGE = "python -c \"import json, yaml; json.dump(yaml.safe_load(open('params.yaml')), open('{out}', 'w'))\""


def test_a_parameter_is_set_where_it_takes_effect():
    assert options(POINT, VALUES) == [
        "train.head=mean",
        "train.blocks=[rgb.mean,motion]",
        "train.l2=5.0e-05",
    ]
    of_recipe = {"recipe": "default", "recipes": VALUES["recipes"]}
    assert options(POINT, of_recipe)[0] == "recipes.default.train.head=mean"
    deep = {"recipe": "a", "recipes": {"a": {"train": {"linear": {"num_folds": 3}}}}}
    assert options({"train.linear.num_folds": 4, "train.linear.fusion": "late"}, deep) == [
        "recipes.a.train.linear.num_folds=4",
        "train.linear.fusion=late",
    ]


def test_values_are_written_in_the_grammar_of_set_param():
    point = {"a": True, "b": 3, "c": [1.0, 10.0], "d": [], "e": ["x"]}
    values = {"recipe": "r", "recipes": {"r": {}}}
    assert options(point, values) == ["a=true", "b=3", "c=[1.0,10.0]", "d=[]", "e=[x]"]
    assert command("tuned-1", ["c=[1.0,10.0]"]) == "dvc exp run -n tuned-1 -S 'c=[1.0,10.0]'"


def dvc(folder: Path, *words: str) -> str:
    done = run(folder, sys.executable, "-m", "dvc", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    return subprocess.run(
        ["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project in a subfolder of a repository, with stages that write what parameters they were given."""
    folder = tmp_path / "top" / "project"
    folder.mkdir(parents=True)
    feature_projects.make_features(folder)
    data = [layout.FEATURES, layout.FEATURE_INDEX, layout.FEATURE_COLUMNS]
    data += [layout.SPLITS, layout.VALIDATED, layout.INPUT_SPEC]
    outs = [path.as_posix() for path in data]
    stages = {
        "extract": {"cmd": "true", "outs": [{path: {"persist": True}} for path in outs]},
        "train": {
            "cmd": STAGE.format(out="trained.json"),
            "params": ["train", "recipes"],
            "deps": outs,
            "outs": ["trained.json"],
        },
        "evaluate": {
            "cmd": STAGE.format(out="metrics.json"),
            "deps": ["trained.json"],
            "metrics": [{"metrics.json": {"cache": False}}],
        },
    }
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    git(folder.parent, "init", "-q")
    run(folder, sys.executable, "-m", "dvc", "init", "-q", "--subdir")
    dvc(folder, "repro", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    return folder


def state(folder: Path) -> dict[str, object]:
    """All that belongs to the user: files, index, branches, stash."""
    files = {
        path: (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file() and not {".git", ".dvc"} & set(path.parts)
    }
    index = (folder.parent / ".git/index").read_bytes()
    refs = git(folder, "for-each-ref", "refs/heads", "refs/stash")
    return {"files": files, "index": index, "refs": refs, "head": git(folder, "rev-parse", "HEAD")}


@pytest.mark.slow
def test_the_winner_is_an_experiment_and_the_files_of_the_user_stay_as_they_are(project):
    params = project / "params.yaml"
    params.write_text(params.read_text().replace("embedding_size: 64", "embedding_size: 48"))
    (project / "sora").mkdir()
    (project / "sora/new.py").write_text("# not in git yet")
    git(project, "add", "sora/new.py")
    (project / "notes.txt").write_text("mine")
    before = state(project)
    settings = options(POINT, yaml.safe_load(params.read_text()))
    save_experiment("tuned-1", settings)
    save_experiment("tuned-1", settings)
    assert state(project) == before
    assert dvc(project, "exp", "list", "--name-only").split() == ["tuned-1"]
    shown = json.loads(dvc(project, "exp", "show", "--json"))
    found = shown[1]["experiments"][0]["revs"][0]["data"]
    assert found["metrics"]["metrics.json"]["data"]["train"]["head"] == "mean"
    assert found["params"]["params.yaml"]["data"]["train"]["blocks"] == ["rgb.mean", "motion"]
    dvc(project, "exp", "apply", "tuned-1")
    assert "mean  " in params.read_text()
    assert "# or mean, max" in params.read_text()
    applied = parse_yaml(params.read_text())["train"]
    assert (applied["head"], applied["l2"], applied["embedding_size"]) == ("mean", 5e-5, 48)
    given = json.loads((project / "trained.json").read_text())["train"]
    assert given | {"l2": float(given["l2"])} == applied
    assert "Data and pipelines are up to date" in dvc(project, "status")


@pytest.mark.slow
def test_what_cannot_become_an_experiment_is_told(project):
    with pytest.raises(SoraError, match=r"dvc exp failed: .*Could not override 'train.nothing'"):
        save_experiment("tuned-1", ["train.nothing=1"])
    index = project / layout.SPLITS
    index.write_text(index.read_text() + "more.mp4,train\n")
    with pytest.raises(SoraError, match=r"splits\.csv is not what dvc.lock says; run dvc repro extract"):
        save_experiment("tuned-1", ["train.head=mean"])
    assert dvc(project, "exp", "list") == ""


def test_a_repository_without_a_commit_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    message = "an experiment stands on a git commit, and there is none here; git commit"
    with pytest.raises(SoraError, match=message):
        save_experiment("tuned-1", [])
    git(tmp_path, "init", "-q")
    with pytest.raises(SoraError, match=message):
        save_experiment("tuned-1", [])
