"""DVC's own files, broken off at every place at which a kill could leave them."""

import fcntl
import json
from pathlib import Path

import pytest
import yaml
from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from hypothesis import given
from hypothesis import strategies as st

from sora.dvc_repair import repair, whole_stages


def stage(name: str) -> dict[str, object]:
    digest = {"hash": "md5", "md5": f"{len(name):032x}", "size": 3}
    deps = [{"path": f"sora/{name}.py", **digest}, {"path": "data/videos", **digest, "nfiles": 2}]
    outs = [{"path": f"data/{name}.csv", **digest}]
    params = {"params.yaml": {name: {"seed": 0, "names": ["a", "b"]}}}
    return {"cmd": f"python -m sora.stages {name}", "deps": deps, "params": params, "outs": outs}


STAGES = {name: stage(name) for name in ("ingest", "validate", "train")}
TEXT = yaml.safe_dump({"schema": "2.0", "stages": STAGES}, sort_keys=False, indent=2)
BROKEN = TEXT[: TEXT.index("  train:") + len("  train:\n    cmd")]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".dvc/tmp").mkdir(parents=True)
    (tmp_path / "dvc.lock").write_text(TEXT)
    return tmp_path


@given(st.integers(0, len(TEXT)))
def test_wherever_a_lock_breaks_off_dvc_can_read_what_is_kept_and_no_whole_stage_is_lost(end: int):
    kept = whole_stages(TEXT[:end])
    assert TEXT.startswith(kept)
    assert whole_stages(kept) == kept
    read = COMPILED_LOCKFILE_SCHEMA(yaml.safe_load(kept)).get("stages", {}) if kept else {}
    assert all(found == STAGES[name] for name, found in read.items() if name != list(read)[-1])
    num_ended = sum(end > TEXT.index(f"  {name}:\n") for name in list(STAGES)[1:])
    assert len(read) >= num_ended


def test_what_is_whole_stays_as_it_is(project: Path):
    (project / ".dvc/tmp/rwlock").write_text(json.dumps({"write": {}, "read": {}}))
    assert repair(project) == ()
    assert (project / "dvc.lock").read_text() == TEXT


def test_what_broke_off_is_put_right_and_told(project: Path):
    (project / "dvc.lock").write_text(BROKEN)
    (project / ".dvc/tmp/rwlock").write_text('{"write": {')
    done = repair(project)
    assert [line.split(" broke off")[0] for line in done] == [
        str(project / "dvc.lock"),
        str(project / ".dvc/tmp/rwlock"),
    ]
    assert list(yaml.safe_load((project / "dvc.lock").read_text())["stages"]) == ["ingest", "validate"]
    assert not (project / ".dvc/tmp/rwlock").exists()
    assert repair(project) == ()


def test_an_empty_lock_goes(project: Path):
    (project / "dvc.lock").write_text("")
    assert len(repair(project)) == 1
    assert not (project / "dvc.lock").exists()


def test_a_conflict_of_git_is_left_to_a_person(project: Path):
    start = TEXT.index("  train:\n")
    conflict = f"{TEXT[:start]}<<<<<<< HEAD\n{TEXT[start:]}=======\n{TEXT[start:]}>>>>>>> other\n"
    (project / "dvc.lock").write_text(conflict)
    assert repair(project) == ()
    assert (project / "dvc.lock").read_text() == conflict


def test_nothing_is_touched_while_dvc_is_at_work(project: Path):
    (project / "dvc.lock").write_text(BROKEN)
    with (project / ".dvc/tmp/lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert repair(project) == ()
    assert len(repair(project)) == 1
