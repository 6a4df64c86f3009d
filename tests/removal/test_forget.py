"""``sora forget`` in a project with real files, an index, feedback and DVC's cache."""

import hashlib
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from registry_projects import LEARNED, RULES, make_project
from typer.testing import CliRunner

from sora import layout
from sora.apps.index.entries import Entry
from sora.apps.index.store import create_index, open_index
from sora.cli import app
from sora.manifest import read_table, write_table
from sora.provenance.forgotten import read_forgotten
from sora.registry.promotion import Wish, promote
from sora.removal.plan import INDEX
from sora.serving.feedback import record_feedback

VIDEO, OTHER = Path("videos") / LEARNED[0], Path("videos") / LEARNED[1]
CONTENT = b"the video of a person who wants it back"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "bentos"))
    monkeypatch.setenv("SORA_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    folder = make_project(tmp_path / "project")
    monkeypatch.chdir(folder)
    for path, content in ((VIDEO, CONTENT), (OTHER, b"another")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    manifest = read_table(layout.MANIFEST)
    manifest.loc[manifest["path"] == LEARNED[0], "content_hash"] = DIGEST
    write_table(layout.MANIFEST, manifest)
    return folder


def sora(*words: str, answer: str = "") -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words), input=answer)
    return done.exit_code, done.output


def give_feedback(state: Path) -> Path:
    said = {"predicted": "walk", "model_version": "abc", "note": "", "received": datetime.now(UTC)}
    given = record_feedback(state / "feedback", VIDEO, DIGEST, ["jump"], **said)
    return state / "feedback" / given.file


def put_into_index() -> None:
    entries = [
        Entry(LEARNED[0], DIGEST, VIDEO.as_posix(), ("jump",)),
        Entry(LEARNED[1], "f" * 64, OTHER.as_posix(), ("jump",)),
    ]
    create_index(INDEX, "abc").put(entries, np.eye(2, 4, dtype=np.float32))


def test_a_video_goes_from_everywhere_and_is_remembered_by_its_hash_alone(project: Path, tmp_path: Path):
    version = promote(project, RULES, Wish("ann")).version
    feedback = give_feedback(tmp_path / "state")
    put_into_index()
    waiting = Path("data/incoming/jump/again.mp4")
    waiting.parent.mkdir(parents=True)
    waiting.write_bytes(CONTENT)
    code, text = sora("forget", LEARNED[0], "--dry-run")
    assert code == 0
    assert f"{version} (serves): train, learned, as {LEARNED[0]} (jump)" in text
    assert VIDEO.exists()
    assert sora("forget", LEARNED[0], answer="n\n")[0] == 1
    assert VIDEO.exists()
    code, text = sora("forget", LEARNED[0], "--yes", "--why", "GDPR 17")
    assert (code, f"sora rollback refuses what learned it ({version})" in text) == (0, True)
    assert [path for path in (VIDEO, feedback, waiting) if path.exists()] == []
    assert OTHER.exists()
    assert [entry.video for entry in open_index(INDEX).entries().values()] == [LEARNED[1]]
    assert [(one.content_hash, one.why) for one in read_forgotten(project).values()] == [(DIGEST, "GDPR 17")]
    assert LEARNED[0] not in Path("data/forgotten.csv").read_text()
    assert sora("forget", DIGEST, "--yes")[0] == 0  # once more, as after a kill


def test_a_label_without_videos_goes_and_so_does_the_row(project: Path):
    labels = Path("videos/labels.csv")
    labels.write_text(f"path,label\n{LEARNED[0]},jump\nwalk/*.mp4,walk\n")
    OTHER.unlink()
    assert sora("forget", VIDEO.as_posix(), "--yes")[0] == 0
    assert labels.read_text() == "path,label\nwalk/*.mp4,walk\n"
    assert not VIDEO.parent.exists()


def test_what_a_stage_draws_is_refused_and_what_is_unknown_too(project: Path):
    assert "is no file, and no video here" in sora("forget", "nothing.mp4")[1]
    Path(".dvc").mkdir()
    Path("dvc.lock").unlink()
    Path("dvc.yaml").write_text("stages: {render: {cmd: draw, outs: [videos: {cache: false}]}}\n")
    code, text = sora("forget", LEARNED[0], "--yes")
    assert (code, "the stage render of DVC writes anew" in text, VIDEO.exists()) == (1, True, True)


def test_dvc_keeps_no_copy_and_knows_the_folder_as_it_is(project: Path):
    def dvc(*words: str) -> None:
        subprocess.run([sys.executable, "-m", "dvc", *words], check=True, capture_output=True)

    Path("dvc.yaml").unlink()
    Path("dvc.lock").unlink()
    dvc("init", "-q")
    dvc("add", "-q", "videos")
    before = Path("videos.dvc").read_text()
    md5 = hashlib.md5(CONTENT).hexdigest()
    cached = Path(".dvc/cache/files/md5") / md5[:2] / md5[2:]
    assert cached.is_file()
    code, text = sora("forget", LEARNED[0], "--yes")
    assert (code, cached.exists()) == (0, False), text
    assert Path("videos.dvc").read_text() != before
    Path("dvc.yaml").write_text("stages: []")
    code, text = sora("forget", OTHER.as_posix(), "--yes")
    assert (code, "DVC cannot read this project" in text, OTHER.exists()) == (1, True, True)
