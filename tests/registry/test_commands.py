from pathlib import Path

import pytest
from registry_projects import make_project, write_candidate
from typer.testing import CliRunner

from sora import status
from sora.cli import app

GATE = """
recipe: plain
recipes: {plain: {}}
ingest: {source: videos}
gate: {max_class_drop: 0.1, max_latency_ratio: 1.5}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "bentos"))
    monkeypatch.setattr(status, "stale_stages", list)
    folder = make_project(tmp_path / "project")
    monkeypatch.chdir(folder)
    return folder


def sora(*words: str) -> tuple[int, str]:
    Path("params.yaml").write_text(GATE)
    finished = CliRunner().invoke(app, list(words))
    return finished.exit_code, finished.output


def test_promote_reject_roll_back_and_history(project: Path):
    assert sora("history") == (0, "no model was promoted yet: sora promote\n")
    assert sora("promote", "--dry-run")[1].endswith("it would be promoted\n")
    assert not Path("registry").exists()
    assert sora("promote")[0] == 0
    write_candidate(project, "second", wrong={1})
    code, text = sora("promote")
    assert code == 0
    second = text.splitlines()[-1].split()[0]
    assert "accuracy 0.972 against 1.000 on the same 36 videos" in text
    write_candidate(project, "worse", wrong=range(20))
    assert sora("promote", "--dry-run")[0] == 1
    code, text = sora("promote")
    assert code == 1
    assert "NO  overall" in text
    assert "was rejected and is kept in registry/rejected/" in text
    assert sora("promote", "--force", "a test")[0] == 0
    assert sora("rollback")[1].startswith(f"{second} serves (git tag model-{second})")
    lines = sora("history")[1].splitlines()
    assert [line[28:40].strip() for line in lines] == [
        "rolled back",
        "promoted",
        "rejected",
        "promoted",
        "promoted",
    ]
    assert [line[0] for line in lines] == ["*", " ", " ", " ", " "]
    assert lines[1].endswith(": a test")
    assert sora("rollback", "nothing")[0] == 1


def test_what_is_stale_is_not_promoted(project: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(status, "stale_stages", lambda: ["train"])
    code, text = sora("promote")
    assert code == 1
    assert text == "error: what is here is not what dvc.lock says (train); run dvc repro first\n"
