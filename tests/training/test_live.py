import json
import subprocess
import sys

import pandas as pd

from sora.training.live import showing


def row(epoch, loss, val_loss):
    val_accuracy = None if val_loss is None else 0.5
    measures = {"loss": loss, "accuracy": 0.9, "val_loss": val_loss, "val_accuracy": val_accuracy}
    return {"epoch": epoch, **measures, "learning_rate": 0.01}


def test_epochs_become_files_and_nothing_else(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example"]
    for command in (
        [*git, "init", "-q"],
        [sys.executable, "-m", "dvc", "init", "-q"],
        [*git, "commit", "-qm", "start"],
    ):
        subprocess.run(command, check=True)
    capfd.readouterr()
    with showing(3, tmp_path / "live") as show:
        for one in (row(1, 2.0, 3.0), row(2, 1.0, 2.5), row(1, 1.5, None)):
            show(one)
    assert capfd.readouterr() == ("", "")  # no terminal, so no bar; and DVCLive keeps quiet
    table = pd.read_csv(tmp_path / "live/plots/metrics/loss.tsv", sep="\t")
    assert table.to_dict("list") == {"step": [0, 1], "loss": [2.0, 1.0]}
    metrics = json.loads((tmp_path / "live/metrics.json").read_text())
    assert (metrics["val_loss"], metrics["refit_loss"]) == (2.5, 1.5)
    log = subprocess.run(["git", "for-each-ref"], capture_output=True, text=True, check=True).stdout
    assert log.count("\n") == 1  # no experiment beside the branch
    assert not (tmp_path / "dvc.yaml").exists()


def test_without_validation_there_is_no_refit(tmp_path):
    with showing(2, tmp_path / "live") as show:
        show(row(1, 2.0, None))
    assert json.loads((tmp_path / "live/metrics.json").read_text())["loss"] == 2.0


def test_a_repository_without_a_commit_is_no_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"]):
        subprocess.run(command, check=True)
    with showing(1, tmp_path / "live") as show:
        show(row(1, 2.0, None))
    assert not (tmp_path / "live").exists()
