import hashlib
import json
import random
import subprocess
import sys
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora.errors import SoraError
from sora.journal import read_records
from sora.serving import feedback as feedback_module
from sora.serving.feedback import JOURNAL, Feedback, checked_labels, read_feedback, record_feedback, repair
from sora.sources.listing import list_videos

RECEIVED = datetime(2026, 3, 1, 12, 30, 5, tzinfo=UTC)

ACKNOWLEDGE = """
import hashlib, sys
from datetime import UTC, datetime
from pathlib import Path
from sora.serving.feedback import record_feedback
folder, seed = Path(sys.argv[1]), int(sys.argv[2])
for count in range(10_000):
    video = folder.parent / f"upload-{seed}.mp4"
    video.write_bytes(b"%d" % (count % 7) * 10_000)
    digest = hashlib.sha256(video.read_bytes()).hexdigest()
    given = record_feedback(
        folder, video, digest, [f"label {(count + seed) % 5}"],
        predicted="", model_version="v1", note=f"{seed} {count}", received=datetime.now(UTC),
    )
    print(given.feedback_id, given.file, flush=True)
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "state" / "feedback"


def upload(folder: Path, content: bytes, name: str = "clip.mp4") -> Path:
    path = folder.parent.parent / name
    path.write_bytes(content)
    return path


def give(folder: Path, content: bytes, *labels: str, name: str = "clip.mp4", note: str = "") -> Feedback:
    return record_feedback(
        folder,
        upload(folder, content, name),
        hashlib.sha256(content).hexdigest(),
        labels,
        predicted="run",
        model_version="v1",
        note=note,
        received=RECEIVED,
    )


def videos(folder: Path) -> dict[str, bytes]:
    found = [path for path in folder.rglob("*") if path.is_file() and path.parent != folder]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_a_correction_is_kept_with_its_video(folder):
    given = give(folder, b"one", "walk", note="he walks")
    digest = hashlib.sha256(b"one").hexdigest()
    assert given.as_json() == {
        "feedback_id": given.feedback_id,
        "content_hash": digest,
        "prediction_id": f"{digest[:16]}-v1",
        "labels": ["walk"],
        "received": "2026-03-01T12:30:05+00:00",
    }
    assert videos(folder) == {f"walk/{digest}.mp4": b"one"}
    assert (given.file, given.predicted, given.model_version, given.note) == (
        f"walk/{digest}.mp4",
        "run",
        "v1",
        "he walks",
    )
    assert read_feedback(folder) == [given]


def test_ingest_can_read_the_folder_as_it_is(folder):
    give(folder, b"one", "walk", "Jump ", name="clip.AVI")
    give(folder, b"two", "walk", name="clip")
    give(folder, b"three", "走る", name="clip.exe")
    listing = list_videos(folder)
    assert sorted((v.label, Path(v.location).suffix) for v in listing.videos) == [
        ("Jump;walk", ".avi"),
        ("walk", ".mp4"),
        ("走る", ".mp4"),
    ]
    assert listing.skipped == []


def test_a_later_correction_replaces_the_earlier_one(folder):
    first = give(folder, b"one", "walk")
    second = give(folder, b"one", "jump", name="clip.avi")
    other = give(folder, b"two", "jump")
    assert sorted(videos(folder)) == sorted([second.file, other.file])
    assert not (folder / "walk").exists(), "ingest refuses a label without videos"
    assert read_feedback(folder) == [second, other]
    assert [r["feedback_id"] for r in read_records(folder / JOURNAL)] == [
        given.feedback_id for given in (first, second, other)
    ]
    back = give(folder, b"one", "walk")
    assert sorted(videos(folder)) == sorted([back.file, other.file])
    assert read_feedback(folder) == [other, back]


def test_the_same_content_is_kept_once(folder):
    first = give(folder, b"one", "walk")
    again = give(folder, b"one", "walk", name="copy.avi")
    assert again.file == first.file
    assert again.feedback_id != first.feedback_id
    assert list(videos(folder)) == [first.file]


@pytest.mark.parametrize("step", ["append_only", "_remove_others"])
def test_a_kill_between_the_steps_is_repaired_to_what_the_journal_tells(folder, step, monkeypatch):
    first = give(folder, b"one", "walk")

    def die(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(feedback_module, step, die)
        with pytest.raises(KeyboardInterrupt):
            give(folder, b"one", "jump")
    assert len(videos(folder)) == 2
    (folder / "sit").mkdir()
    (folder / ".incoming").write_bytes(b"on")
    repair(folder)
    (holds,) = read_feedback(folder)
    assert holds.labels == (("walk",) if step == "append_only" else ("jump",))
    assert (holds == first) == (step == "append_only")
    assert videos(folder) == {holds.file: b"one"}
    assert {path.name for path in folder.iterdir()} == {".lock", JOURNAL, holds.labels[0]}


def test_repair_leaves_what_it_does_not_know(folder):
    repair(folder)
    assert not folder.exists()
    given = give(folder, b"one", "walk")
    (folder / "walk" / "mine.mp4").write_bytes(b"mine")
    (folder / given.file).rename(folder / "walk" / "moved.mp4")
    (folder / "jump").mkdir()
    (folder / "jump" / Path(given.file).name).write_bytes(b"one")
    repair(folder)
    assert len(videos(folder)) == 3


def test_corrections_at_once_lose_nothing(folder):
    with ThreadPoolExecutor(4) as pool:
        given = list(
            pool.map(lambda n: give(folder, b"%d" % (n % 3), f"l{n}", name=f"clip{n}.mp4"), range(24))
        )
    holds = read_feedback(folder)
    assert len(read_records(folder / JOURNAL)) == 24
    assert {one.feedback_id for one in holds} < {one.feedback_id for one in given}
    assert sorted(videos(folder)) == sorted(one.file for one in holds)
    assert len(holds) == 3


def test_what_was_acknowledged_is_all_there_after_kills(folder):
    folder.mkdir(parents=True)
    acknowledged: list[list[str]] = []
    dice = random.Random(7)
    for seed in range(10):
        child = subprocess.Popen(
            [sys.executable, "-c", ACKNOWLEDGE, str(folder), str(seed)], stdout=subprocess.PIPE, text=True
        )
        lines = [child.stdout.readline() for _ in range(dice.randint(1, 3))]
        time.sleep(dice.uniform(0, 0.04))
        child.kill()
        lines += child.stdout.read().splitlines()
        child.wait()
        acknowledged += [line.split(" ", 1) for line in lines if line.strip()]
    assert len(acknowledged) >= 10, "the kills came too early to prove anything"
    recorded = [record["feedback_id"] for record in read_records(folder / JOURNAL)]
    assert [identifier for identifier in recorded if identifier in dict(acknowledged)] == list(
        dict(acknowledged)
    )
    for one in read_feedback(folder):  # before anything is repaired
        assert hashlib.sha256((folder / one.file).read_bytes()).hexdigest() == one.content_hash
    repair(folder)
    known = {one.content_hash: one.file for one in read_feedback(folder)}
    places = {Path(name).stem: name for name in videos(folder)}
    assert len(places) == len(videos(folder))
    assert {digest: places[digest] for digest in known} == known
    assert len(list_videos(folder).videos) == len(places)


@pytest.mark.parametrize(
    "label",
    [
        "",
        "  ",
        ".",
        "..",
        ".hidden",
        "a/b",
        "..\\x",
        "a\0b",
        "a;b",
        "a\nb",
        "a\u2028b",
        "\ud800",
        "x" * 101,
        JOURNAL,
    ],
)
def test_what_cannot_be_a_folder_is_refused(folder, label):
    with pytest.raises(SoraError, match=r"^label: "):
        give(folder, b"one", "walk", label)
    assert not folder.exists()


def test_other_bad_arguments_are_refused(folder):
    video = upload(folder, b"one")
    rest = {"predicted": "", "model_version": "", "received": RECEIVED}
    with pytest.raises(SoraError, match=r"content_hash: expected 64 hexadecimal digits, got '\.\./x'"):
        record_feedback(folder, video, "../x", ["walk"], note="", **rest)
    with pytest.raises(SoraError, match=r"note: expected at most 2000 characters, got 2001"):
        record_feedback(folder, video, "ab" * 32, ["walk"], note="x" * 2001, **rest)
    with pytest.raises(SoraError, match="label: expected one at least"):
        record_feedback(folder, video, "ab" * 32, [], note="", **rest)
    with pytest.raises(SoraError, match="at most 255 bytes in all"):
        checked_labels(["走" * 60, "跳" * 60])
    give(folder, b"one", "walk")
    (folder / JOURNAL).write_text(json.dumps({"labels": ["walk"]}) + "\n")
    with pytest.raises(SoraError, match="has a record that is no feedback"):
        read_feedback(folder)


@given(st.lists(st.text(max_size=20), max_size=3))
def test_labels_that_are_taken_are_safe_names(tmp_path_factory, labels):
    try:
        checked = checked_labels(labels)
    except SoraError:
        return
    assert checked_labels(checked) == checked
    assert {unicodedata.normalize("NFC", label.strip()) for label in labels} == set(checked)
    name = ";".join(checked)
    root = tmp_path_factory.mktemp("labels")
    (root / name).mkdir()
    assert [path.name for path in root.iterdir()] == [name]
