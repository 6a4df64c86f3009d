"""``sora forget`` in a project with real files, an index, feedback and DVC's cache."""

import errno
import hashlib
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import yaml
from registry_projects import LEARNED, RULES, make_project
from typer.testing import CliRunner

from sora import layout
from sora.apps.index.entries import Entry
from sora.apps.index.store import create_index, open_index
from sora.cli import app
from sora.errors import SoraError
from sora.incoming.taking import only_one
from sora.manifest import read_table, write_table
from sora.provenance.forgotten import read_forgotten
from sora.registry.promotion import Wish, promote
from sora.removal import plan
from sora.removal.plan import INDEX
from sora.serving.feedback import record_feedback
from sora.updating import propose_update

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
    reviewed = tmp_path / "state" / "review" / DIGEST
    reviewed.parent.mkdir()
    reviewed.write_bytes(CONTENT)
    code, text = sora("forget", LEARNED[0], "--dry-run")
    assert code == 0
    assert f"{version} (serves): train, learned, as {LEARNED[0]} (jump)" in text
    assert VIDEO.exists()
    assert sora("forget", LEARNED[0], answer="n\n")[0] == 1
    assert VIDEO.exists()
    code, text = sora("forget", LEARNED[0], "--yes", "--why", "GDPR 17")
    assert (code, f"sora rollback refuses what learned it ({version})" in text) == (0, True)
    assert [path for path in (VIDEO, feedback, waiting, reviewed) if path.exists()] == []
    assert OTHER.exists()
    assert [entry.video for entry in open_index(INDEX).entries().values()] == [LEARNED[1]]
    assert [(one.content_hash, one.why) for one in read_forgotten(project).values()] == [(DIGEST, "GDPR 17")]
    assert LEARNED[0] not in Path("data/forgotten.csv").read_text()
    with pytest.raises(SoraError, match=f"{version} has learned what was removed since .* sora update --off"):
        propose_update()
    assert sora("forget", DIGEST, "--yes")[0] == 0  # once more, as after a kill


def test_nothing_is_removed_while_videos_are_taken_in(project: Path):
    params = yaml.safe_load(Path("params.yaml").read_text())
    Path("params.yaml").write_text(yaml.safe_dump(params | {"incoming": {"folder": "new"}}))
    with only_one(Path("new")):
        code, text = sora("forget", LEARNED[0], "--yes")
    assert (code, "another process takes videos of new in" in text) == (1, True)
    assert VIDEO.exists()
    assert read_forgotten(project) == {}


def test_a_label_without_videos_goes_and_so_does_the_row(project: Path):
    labels = Path("videos/labels.csv")
    labels.write_text(f"path,label\n{LEARNED[0]},jump\nwalk/*.mp4,walk\n")
    OTHER.unlink()
    assert sora("forget", str(VIDEO.absolute()), "--yes")[0] == 0
    assert labels.read_text() == "path,label\nwalk/*.mp4,walk\n"
    assert not VIDEO.parent.exists()


class Killed(BaseException):
    pass


@pytest.mark.parametrize("step", range(5))
def test_a_removal_that_was_killed_at_any_file_can_be_asked_for_again(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
):
    feedback = give_feedback(tmp_path / "state")
    new = Path("videos/jump/new.mp4")  # no run has listed it yet: only the file itself tells its hash
    waiting, cached = Path("data/incoming/jump/again.mp4"), tmp_path / "cached"
    reviewed = tmp_path / "state" / "review" / DIGEST
    places = [new, waiting, reviewed, cached]
    VIDEO.unlink()
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(CONTENT)

    def copies(project: Path, files: list[Path]) -> tuple[Path, ...]:
        return (cached,) if new in files and cached.exists() else ()

    monkeypatch.setattr(plan, "_cached", copies)
    places.append(feedback)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", ended_at(step, places, Killed()))
        with pytest.raises(Killed):
            sora("forget", str(new), "--yes")
    assert sum(place.exists() for place in places) == len(places) - step
    assert sora("forget", str(new), "--yes")[0] == 0
    assert [place for place in places if place.exists()] == []


def test_a_disk_that_refuses_is_one_sentence(project: Path, monkeypatch: pytest.MonkeyPatch):
    refused = PermissionError(errno.EACCES, "Permission denied", str(VIDEO))
    monkeypatch.setattr(Path, "unlink", ended_at(0, [VIDEO], refused))
    code, text = sora("forget", LEARNED[0], "--yes")
    assert (code, f"the disk refuses: Permission denied ({VIDEO})" in text) == (1, True)


def ended_at(step: int, places: list[Path], error: BaseException) -> Callable[..., None]:
    """Return what unlinks files, but raises before it removes one of ``places`` after ``step`` others."""
    unlink, left = Path.unlink, [step]

    def unlinked(path: Path, missing_ok: bool = False) -> None:
        if path in places:
            if left[0] == 0:
                raise error
            left[0] -= 1
        unlink(path, missing_ok)

    return unlinked


def test_parts_of_a_file_that_has_gone_do_not_tell_which_it_was(project: Path):
    manifest = read_table(layout.MANIFEST)
    parts = manifest["path"].isin(LEARNED)
    manifest.loc[parts, "file"] = VIDEO.as_posix()
    manifest.loc[parts, "path"] = [f"{LEARNED[0]}#t=0,1", f"{LEARNED[0]}#t=1,2"]
    write_table(layout.MANIFEST, manifest)
    for asked in (LEARNED[0], f"{LEARNED[0]}#t=0,1"):
        assert f"  file {VIDEO}" in sora("forget", asked, "--dry-run")[1].splitlines()
    VIDEO.unlink()
    for asked in (LEARNED[0], f"{LEARNED[0]}#t=0,1"):
        code, text = sora("forget", asked, "--yes")
        assert (code, f"{VIDEO} has gone, and its parts do not tell its hash" in text) == (1, True)


def test_what_a_stage_draws_is_refused_and_what_is_unknown_too(project: Path):
    assert "is no file, and no video here" in sora("forget", "nothing.mp4")[1]
    Path(".dvc").mkdir()
    Path("dvc.lock").unlink()
    Path("dvc.yaml").write_text("stages: {render: {cmd: draw, outs: [videos: {cache: false}]}}\n")
    code, text = sora("forget", LEARNED[0], "--yes")
    assert (code, "the stage render of DVC writes anew" in text, VIDEO.exists()) == (1, True, True)


def test_of_a_file_that_is_none_of_the_project_only_the_hash_is_noted(project: Path, tmp_path: Path):
    other = tmp_path / "other.mp4"
    other.write_bytes(b"of nobody")
    assert "to be deleted: nothing is here" in sora("forget", str(other), "--dry-run")[1]
    code, text = sora("forget", str(other), "--yes")
    assert (code, "nothing of it was here" in text, other.exists()) == (0, True, True)
    assert list(read_forgotten(project)) == [hashlib.sha256(b"of nobody").hexdigest()]


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
