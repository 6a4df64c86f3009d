import csv
import hashlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import yaml
from coded_clips import write_pictures

from sora.cli.incoming import request_here
from sora.errors import SoraError
from sora.incoming import checking, taking
from sora.incoming.taking import TakenIn, take_in
from sora.provenance.forgotten import Forgotten, add_forgotten
from sora.sources.listing import list_videos

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two videos of two labels in class folders; no video is decoded, and DVC is only noted down."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SORA_STATE", raising=False)
    monkeypatch.setattr(taking, "require_own_folder", lambda source, project: None)
    monkeypatch.setattr(taking, "track", lambda source, project: Path("tracked").write_text(str(source)) > 0)
    monkeypatch.setattr(taking, "faults", faults)
    for number, label in enumerate(("walk", "jump")):
        clip(tmp_path / "videos" / label / f"{label}.mp4", number)
    write_params(ingest={"source": "videos"}, incoming={"settle_seconds": 0})
    return tmp_path


def faults(files, rules, runtime) -> dict[Path, str]:
    return {
        file: "is short"
        for file in files
        if file.name.startswith(("short", hashlib.sha256(b"no").hexdigest()))
    }


def write_params(**changes: dict) -> None:
    path = Path("params.yaml") if Path("params.yaml").exists() else ROOT / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["runtime"]["num_workers"] = 1
    for section, values in changes.items():
        params[section] |= values
    Path("params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def clip(path: Path, seed: int, num_frames: int = 12) -> Path:
    """Write moving noise, different for every seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    pictures = [np.kron(rng.integers(60, 200, (8, 12, 3)), np.ones((8, 8, 1))) for _ in range(num_frames)]
    return write_pictures(path, [picture.astype(np.uint8) for picture in pictures], "mpeg4", fps=10)


def listed(**options: str) -> dict[str, tuple[str, str, str]]:
    videos = list_videos(Path("videos"), **options).videos
    return {video.location: (video.label, video.group, video.split) for video in videos}


def reasons() -> dict[str, str]:
    with Path("data/incoming/.set_aside/reasons.csv").open(newline="") as file:
        return {row["file"]: row["reason"] for row in csv.DictReader(file)}


class TestClassFolders:
    def test_what_was_forgotten_does_not_come_back(self, project):
        came = clip(project / "data/incoming/walk/again.mp4", 5)
        digest = hashlib.sha256(came.read_bytes()).hexdigest()
        add_forgotten(project, [Forgotten(digest, "2026-01-01T00:00:00+00:00", "ann", "asked to")])
        ((file, reason),) = take_in(request_here()).left
        assert file == "data/incoming/walk/again.mp4"
        assert reason.startswith("was removed for good")
        assert "walk/again.mp4" not in listed()

    def test_what_is_fit_is_taken_in_and_the_rest_set_aside_with_its_reason(self, project, monkeypatch):
        monkeypatch.setattr(taking, "faults", checking.faults)
        new = clip(project / "data/incoming/walk/new.mp4", 5)
        content = new.read_bytes()
        clip(project / "data/incoming/walk/short.mp4", 6, num_frames=3)
        Path("data/incoming/jump").mkdir()
        Path("data/incoming/jump/text.mp4").write_text("no video")
        done = take_in(request_here())
        assert done.taken == ("walk/new.mp4",)
        assert Path("videos/walk/new.mp4").read_bytes() == content
        assert Path("tracked").read_text() == "videos"
        assert done.is_tracked
        found = reasons()
        assert found["walk/short.mp4"].startswith("has 3 frames, at least 8 expected")
        assert "not a readable video" in found["jump/text.mp4"]
        assert Path("data/incoming/.set_aside/jump/text.mp4").read_text() == "no video"
        assert [path for path in Path("data/incoming").glob("*/*") if ".set_aside" not in path.parts] == []

    def test_nothing_new_touches_nothing(self, project):
        before = sorted(project.rglob("*"))
        assert take_in(request_here()) == TakenIn()
        assert sorted(project.rglob("*")) == before

    def test_a_name_that_is_taken_stays_recognisable(self, project):
        new = clip(project / "data/incoming/walk/walk.mp4", 5)
        digest = hashlib.sha256(new.read_bytes()).hexdigest()
        assert take_in(request_here()).taken == (f"walk/walk-{digest[:8]}.mp4",)

    def test_known_content_is_not_taken_twice_and_two_labels_are_a_matter_for_a_person(self, project):
        for label, name in (("walk", "again.mp4"), ("jump", "other.mp4")):
            copy(project / "videos/walk/walk.mp4", f"data/incoming/{label}/{name}")
        clip(project / "data/incoming/walk/one.mp4", 7)
        copy(project / "data/incoming/walk/one.mp4", "data/incoming/jump/one.mp4")
        done = take_in(request_here())
        assert done.taken == ()
        assert not Path("tracked").exists()
        found = reasons()
        assert found["walk/again.mp4"] == "is the same file as walk/walk.mp4, which is there already"
        assert "is labelled walk, and came as jump" in found["jump/other.mp4"]
        assert "is labelled walk, and came as jump" in found["jump/one.mp4"]
        assert "is labelled jump, and came as walk" in found["walk/one.mp4"]

    def test_what_is_still_written_is_left(self, project):
        write_params(incoming={"settle_seconds": 600})
        late = clip(project / "data/incoming/walk/late.mp4", 5)
        assert dict(take_in(request_here()).left)[late.relative_to(project).as_posix()].startswith("changed")
        write_params(incoming={"settle_seconds": 0})
        with late.open("ab"):
            assert dict(take_in(request_here()).left) == {
                "data/incoming/walk/late.mp4": "is still being written"
            }
        Path("data/incoming/walk/.late.mp4.part").write_text("a part")
        assert take_in(request_here()).taken == ("walk/late.mp4",)
        assert Path("data/incoming/walk/.late.mp4.part").exists()

    def test_a_new_label_waits_for_company(self, project):
        write_params(incoming={"new_label_videos": 2})
        clip(project / "data/incoming/sit/1.mp4", 5)
        assert take_in(request_here()).left[0][1].startswith("the label sit is new: 1 of 2 videos")
        clip(project / "data/incoming/sit/2.mp4", 6)
        assert take_in(request_here()).taken == ("sit/1.mp4", "sit/2.mp4")

    def test_a_name_without_the_group_that_ingest_looks_for_is_set_aside(self, project):
        for label in ("walk", "jump"):
            Path(f"videos/{label}/{label}.mp4").rename(f"videos/{label}/{label}_g01.mp4")
        write_params(ingest={"group_pattern": r"_(?P<group>g\d+)"})
        clip(project / "data/incoming/walk/walk_g02.mp4", 5)
        clip(project / "data/incoming/walk/plain.mp4", 6)
        assert take_in(request_here()).taken == ("walk/walk_g02.mp4",)
        assert "does not tell its group" in reasons()["walk/plain.mp4"]


class TestTable:
    @pytest.fixture(autouse=True)
    def table(self, project) -> Path:
        path = project / "videos/labels.csv"
        path.write_text(
            "path,label,group,split,camera\nwalk/*.mp4,walk,g1,test,a\njump/jump.mp4,jump,g2,train,b"
        )
        write_params(ingest={"split_column": "split"})
        return path

    def test_a_row_is_added_for_training_with_the_folder_as_its_group(self, project, table):
        before = table.read_text()
        clip(project / "data/incoming/walk/anna/new, 1.mp4", 5)
        clip(project / "data/incoming/jump/new.mp4", 6)
        assert set(take_in(request_here()).taken) == {
            "taken_in/walk/anna/new, 1.mp4",
            "taken_in/jump/new.mp4",
        }
        assert table.read_text() == before + "\n" + (
            'taken_in/jump/new.mp4,jump,,train,\n"taken_in/walk/anna/new, 1.mp4",walk,anna,train,\n'
        )
        found = listed(split_column="split")
        assert found["taken_in/walk/anna/new, 1.mp4"] == ("walk", "anna", "train")
        assert found["walk/walk.mp4"] == ("walk", "g1", "test")

    def test_feedback_is_copied_and_taken_once(self, project, monkeypatch):
        digest = hashlib.sha256(clip(project / "sent.mp4", 8).read_bytes()).hexdigest()
        kept = copy(project / "sent.mp4", f"state/feedback/jump/{digest}.mp4")
        bad = "state/feedback/walk/" + hashlib.sha256(b"no").hexdigest() + ".mp4"
        Path(bad).parent.mkdir(parents=True)
        Path(bad).write_bytes(b"no")
        monkeypatch.setenv("SORA_STATE", "state")
        done = take_in(request_here())
        assert done.taken == (f"taken_in/jump/{digest}.mp4",)
        assert len(done.set_aside) == 1
        assert kept.exists()
        assert Path(bad).exists()
        assert take_in(request_here()) == TakenIn()

    def test_a_pattern_that_would_take_a_new_video_for_a_held_out_one_is_refused(self, project, table):
        table.write_text(table.read_text().replace("walk/*.mp4,", "**/walk/*.mp4,"))
        new = clip(project / "data/incoming/walk/new.mp4", 5)
        with pytest.raises(SoraError, match=r"a pattern takes taken_in/walk/new\.mp4 for 'walk' test"):
            take_in(request_here())
        assert new.exists()
        assert not Path("videos/taken_in/walk/new.mp4").exists()


@pytest.mark.parametrize("table", [False, True])
def test_a_run_that_is_killed_at_any_step_is_completed_by_the_next(project, monkeypatch, table):
    """Every call that changes something on the disk is a moment to be killed at."""
    monkeypatch.setattr(taking, "still_written", lambda *_: {})
    if table:
        Path("videos/labels.csv").write_text("path,label\nwalk/walk.mp4,walk\njump/jump.mp4,jump\n")
    new, short = clip(project / "new.mp4", 5), clip(project / "short.mp4", 6, num_frames=3)
    step = 0
    while True:
        step += 1
        copy(new, f"data/incoming/walk/new{step}.mp4", extra=step)
        copy(short, f"data/incoming/walk/short{step}.mp4", extra=step)
        with monkeypatch.context() as patched:
            counter = Killer(patched, step)
            with suppress(Killed):
                take_in(request_here())
        take_in(request_here())
        taken = "taken_in/walk" if table else "walk"
        assert listed()[f"{taken}/new{step}.mp4"][0] == "walk"
        assert f"walk/short{step}.mp4" in reasons()
        assert sorted(path.name for path in Path("data/incoming/walk").iterdir()) == []
        assert not Path("data/incoming/.untracked").exists()
        assert len(listed()) == 2 + step
        if counter.survived:
            break
    assert step > 8


class Killed(BaseException):
    pass


class Killer:
    """Ends the run at the n-th change of the disk: before it happens."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
        self.left = at
        for owner, name in (
            (Path, "touch"),
            (Path, "replace"),
            (Path, "unlink"),
            (taking, "track"),
            (taking, "list_new"),
        ):
            monkeypatch.setattr(owner, name, self.counted(getattr(owner, name)))

    @property
    def survived(self) -> bool:
        return self.left > 0

    def counted(self, original):
        def call(*arguments, **options):
            self.left -= 1
            if self.left == 0:
                raise Killed
            return original(*arguments, **options)

        return call


def copy(source: Path, target: str, extra: int | None = None) -> Path:
    """Copy a file; ``extra`` makes another content of it, which shows the same."""
    path = Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(source.read_bytes() + (b"" if extra is None else bytes(extra)))
    return path
