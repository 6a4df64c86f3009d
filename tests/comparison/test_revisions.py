"""Real git, real DVC: what is compared must be what was committed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from sora import layout
from sora.atomic import write_json
from sora.cli import app
from sora.comparison.revisions import compare_revisions
from sora.comparison.tables import show
from sora.comparison.words import notes
from sora.errors import SoraError
from sora.evaluation.comparison import LeftOut
from sora.evaluation.metrics import classification_metrics
from sora.manifest import write_table

LABELS = ["run", "walk"]
NUM_VIDEOS = 24
DVC_YAML = """
stages:
  validate:
    cmd: "true"
    outs: [data/validated.csv]
  evaluate:
    cmd: "true"
    outs:
      - reports/predictions.csv: {cache: false}
    metrics:
      - reports/metrics.json: {cache: false}
"""


def run(folder: Path, *words: str) -> str:
    command = [sys.executable, "-m", *words] if words[0] == "dvc" else list(words)
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def commit(folder: Path, message: str) -> None:
    run(folder, "dvc", "commit", "-q", "-f")
    run(folder, "git", "add", "-A")
    name = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    run(folder, "git", *name, "commit", "-q", "-m", message)


def write_results(folder: Path, wrong: set[int]) -> None:
    """Write results of a model that is wrong on the videos with the numbers ``wrong``."""
    true = [LABELS[number % 2] for number in range(NUM_VIDEOS)]
    said = [LABELS[(number + (number in wrong)) % 2] for number in range(NUM_VIDEOS)]
    groups = [f"g{number // 2}" for number in range(NUM_VIDEOS)]
    paths = [f"{label}/{number}.mp4" for number, label in enumerate(true)]
    table = pd.DataFrame({"path": paths, "label": true, "predicted": said})
    for name in LABELS:
        table[f"probability_{name}"] = [0.9 if answer == name else 0.1 for answer in said]
    write_table(folder / layout.PREDICTIONS, table)
    write_table(folder / layout.VALIDATED, pd.DataFrame({"path": paths, "group": groups}))
    metrics = classification_metrics(true, said, groups, LABELS)
    baselines = {"metadata": {"accuracy": 0.5, "difference": metrics["accuracy"] - 0.5}}
    write_json(folder / layout.METRICS, {**metrics, "baselines": baselines})


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in a subfolder of a repository: two commits, then a better model in the work tree."""
    top = tmp_path_factory.mktemp("repository")
    folder = top / "project"
    folder.mkdir()
    run(top, "git", "init", "-q", "-b", "main")
    run(
        top,
        "git",
        *("-c", "user.name=a", "-c", "user.email=a@example.org"),
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "-",
    )
    run(folder, "dvc", "init", "-q", "--subdir")
    (folder / "dvc.yaml").write_text(DVC_YAML)
    for name, wrong in (("first", set(range(0, 22, 2))), ("second", {0, 1})):
        write_results(folder, wrong)
        commit(folder, name)
        run(folder, "git", "tag", name)
    write_results(folder, {1})
    return top


@pytest.fixture
def project(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(template, tmp_path / "copy")
    folder = tmp_path / "copy" / "project"
    monkeypatch.chdir(folder)
    return folder


def test_it_says_what_was_committed_and_agrees_with_dvc(project: Path):
    run(project, "git", "checkout", "-q", "second", "--", "reports")
    finished = CliRunner().invoke(app, ["compare", "first", "second", "--json", "found.json"])
    assert finished.exit_code == 0, finished.output
    assert finished.output.startswith("second is better than first: accuracy 0.917 against 0.542")
    found = json.loads(Path("found.json").read_text())
    assert found["verdict"] == "better"
    assert (found["num_videos"], found["num_groups"], found["num_without_group"]) == (NUM_VIDEOS, 12, 0)
    by_dvc = json.loads(run(project, "dvc", "metrics", "diff", "first", "second", "--json"))
    numbers = {
        name: (row["old"], row["new"], row["diff"])
        for name, row in by_dvc[layout.METRICS.as_posix()].items()
        if "diff" in row
    }
    ours = {row["name"]: (row["before"], row["after"], row["difference"]) for row in found["metrics"]}
    assert {name: row for name, row in ours.items() if row[2]} == numbers
    assert {"accuracy", "macro_f1", "baselines.metadata.difference"} <= numbers.keys()
    assert run(project, "git", "status", "--short", "--untracked-files=no") == ""


def test_the_work_tree_is_the_other_side_and_files_of_the_cache_are_read(project: Path):
    found = compare_revisions("second")
    assert (found.before, found.after) == ("second", "workspace")
    assert [flip.path for flip in found.flips] == ["run/0.mp4"]
    assert (found.verdict, found.left_out) == ("no difference shown", LeftOut(0, 0, 0))
    layout.VALIDATED.unlink()  # in git at no commit, only in DVC's cache
    assert compare_revisions("first", "second").num_groups == 12


def test_predictions_that_dvc_caches_are_read_too(project: Path):
    Path("dvc.yaml").write_text(DVC_YAML.replace("{cache: false}", "{cache: true}"))
    run(project, "git", "rm", "-q", "-r", "--cached", "reports")
    commit(project, "cached")
    write_results(project, {1, 2, 3})
    found = compare_revisions("main")
    assert (found.mcnemar.num_gained, found.mcnemar.num_lost) == (0, 2)
    assert {row.name for row in found.metrics if row.difference} >= {"accuracy", "macro_f1"}


def test_an_experiment_goes_by_its_name(project: Path):
    write_results(project, {0, 1, 2, 3, 4})
    run(project, "dvc", "commit", "-q", "-f")
    run(project, "dvc", "exp", "save", "-q", "-n", "tuned-1")
    run(project, "git", "checkout", "-q", "second", "--", "reports")
    found = compare_revisions("second", "tuned-1")
    assert (found.accuracy_before, found.accuracy_after) == (pytest.approx(22 / 24), pytest.approx(19 / 24))


def test_one_repository_with_dvc_at_its_top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "videos" / "project"
    folder.mkdir(parents=True)
    run(tmp_path, "git", "init", "-q")
    run(tmp_path, "dvc", "init", "-q")
    (folder / "dvc.yaml").write_text(DVC_YAML)
    write_results(folder, {4, 5})
    commit(folder, "one")
    write_results(folder, {5})
    monkeypatch.chdir(folder)
    assert [flip.path for flip in compare_revisions("HEAD").flips] == ["run/4.mp4"]


def test_videos_that_cannot_be_compared_are_counted_and_groups_that_are_not_known_told(project: Path):
    table = pd.read_csv(layout.PREDICTIONS)
    table.loc[2, "label"] = "walk"
    write_table(layout.PREDICTIONS, table.drop(index=5))
    groups = pd.read_csv(layout.VALIDATED)
    run(project, "git", "rm", "-q", "--cached", "dvc.lock")
    Path("dvc.lock").unlink()
    write_table(layout.VALIDATED, groups[groups["group"] != "g0"])
    found = compare_revisions("workspace", "workspace")
    assert (found.num_videos, found.num_without_group) == (23, 2)
    found = compare_revisions("second")
    assert found.left_out == LeftOut(only_before=1, only_after=0, relabelled=1)
    assert notes(found)[-1].startswith(
        "2 videos cannot be compared: 1 held out by second alone, 0 by workspace"
    )


@pytest.mark.parametrize(
    ("revision", "message"),
    [
        ("nowhere", "'nowhere' is no revision of git and no DVC experiment"),
        ("first~1", r"first~1 has no reports/predictions.csv: run dvc repro"),
    ],
)
def test_a_revision_that_is_unknown_or_has_no_results(project: Path, revision: str, message: str):
    with pytest.raises(SoraError, match=message):
        compare_revisions(revision)


def test_damaged_predictions_are_named(project: Path):
    layout.PREDICTIONS.write_text("path,label\na,run\n")
    with pytest.raises(
        SoraError, match=r"predictions.csv of workspace has no column predicted; it has path, label"
    ):
        compare_revisions("first")
    layout.PREDICTIONS.write_text("path,label,predicted\na,run,run\n")
    with pytest.raises(
        SoraError, match=r"cannot be used: it has no column probability_run; run dvc repro evaluate"
    ):
        compare_revisions("first")
    write_results(project, {1})
    layout.METRICS.write_text("[")
    with pytest.raises(SoraError, match=r"metrics.json of workspace is damaged"):
        compare_revisions("first")


def test_outside_a_project_it_says_where_to_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    finished = CliRunner().invoke(app, ["compare", "HEAD"])
    assert finished.exit_code == 1
    assert "is no DVC project in git; run from the folder of the project" in finished.output


def test_names_with_markup_are_shown_as_they_are(project: Path):
    table = pd.read_csv(layout.PREDICTIONS).replace("run/0.mp4", "[red]/0.mp4")
    run(project, "git", "checkout", "-q", "second", "--", "reports")
    before = pd.read_csv(layout.PREDICTIONS).replace("run/0.mp4", "[red]/0.mp4")
    write_table(layout.PREDICTIONS, before)
    commit(project, "hostile")
    write_table(layout.PREDICTIONS, table)
    console = Console(record=True, width=100)
    show(compare_revisions("HEAD"), console)
    assert "[red]/0.mp4" in console.export_text()


def test_it_starts_without_tensorflow(project: Path):
    code = (
        "import sys; from sora.comparison.revisions import compare_revisions; compare_revisions('first'); "
        "print({'keras', 'tensorflow'} & set(sys.modules))"
    )
    assert run(project, sys.executable, "-c", code).strip() == "set()"
