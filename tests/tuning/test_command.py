import json
from pathlib import Path

import feature_projects
import pandas as pd
import pytest
from typer.testing import CliRunner

from sora import layout
from sora.cli import app
from sora.tuning.command import Request, run_search
from sora.tuning.workers import Judging

JUDGING = Judging("log_loss", 3, 0)


def request(num_trials: int | None = 5, sampler="tpe", num_workers: int = 1, judging=JUDGING) -> Request:
    return Request(num_trials, Path("tuning.yaml"), sampler, num_workers, layout.STUDY, judging)


def trials() -> pd.DataFrame:
    return pd.read_csv(layout.TUNING / "trials.csv").drop(columns="seconds")


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    feature_projects.make_features(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    return tmp_path


def test_nonsense_for_test_labels_changes_nothing_that_a_search_does(project):
    said = run_search(request())
    expected, described = trials(), (layout.TUNING / "tuning.json").read_text()
    layout.STUDY.unlink()
    feature_projects.spoil_test_videos(project)
    assert run_search(request()) == said
    pd.testing.assert_frame_equal(trials(), expected)
    assert (layout.TUNING / "tuning.json").read_text() == described


def test_the_record_says_from_how_many_trials_the_winner_was_picked(project):
    said = run_search(request(6))
    table, described = trials(), json.loads((layout.TUNING / "tuning.json").read_text())
    finished = table[table["state"] == "finished"]
    assert described["num_trials"] == len(table) == 6
    assert described["num_finished"] == len(finished)
    assert described["best_value"] == finished["value"].min()
    assert described["best_trial"] == finished.loc[finished["value"].idxmin(), "trial"]
    assert "rgb" in described["parameters"]["train.blocks"]
    assert f"picked from 6 trials ({len(finished)} finished" in said[1]
    assert table.loc[0, "train.blocks"] == "rgb + motion"
    assert {path.name for path in layout.TUNING.glob("*.png")} == {
        "history.png",
        "importance.png",
        "slices.png",
    }


def test_without_a_commit_the_winner_is_still_told(project):
    said = run_search(request(1))
    assert said[2].startswith("no experiment was made: an experiment stands on a git commit")
    assert said[3].startswith("then: dvc exp run -n tuned-")
    assert "-S 'train.blocks=[rgb,motion]' -S train.linear.fusion=late" in said[3]


def test_a_study_is_resumed_unless_what_it_stands_on_has_changed(project):
    first = run_search(request(2))[0]
    assert first.startswith("new study train-")
    assert run_search(request(3))[0] == f"resumed study {first.split()[-1]}, which had 2 trials"
    path = project / "params.yaml"
    path.write_text(path.read_text().replace("blocks: [rgb, motion]", "blocks: [rgb]"))
    assert run_search(request(3))[0].endswith("which had 3 trials")
    path.write_text(path.read_text().replace("embedding_size: 64", "embedding_size: 32"))
    again = run_search(request(1))[0]
    assert again.startswith("new study train-")
    assert "fixed parameters are others than those of " + first.split()[-1] in again


def test_a_grid_by_two_workers_tries_all(project):
    run_search(request(None, "grid", 2))
    table = trials()
    assert len(table) == 12
    assert len(table.drop_duplicates(list(feature_projects.SPACE))) == 12


def test_the_command_says_what_is_wrong(project):
    Path("tuning.yaml").write_text("version: 1\nparameters: {train.hed: {choices: [mean]}}")
    shown = CliRunner().invoke(app, ["tune", "--trials", "1"])
    assert shown.exit_code == 1
    assert "error: tuning.yaml: train.hed: unknown parameter; is it misspelt?" in shown.output
