import json
import multiprocessing
from pathlib import Path

import pytest

from sora.apps.moderation.queue import all_items, decide, item_id, submit, waiting
from sora.apps.moderation.verdict import Reason, Verdict
from sora.errors import SoraError
from sora.journal import append_record, read_records

VERDICT = Verdict("review", (Reason("nsfw", "review", "", 1.0, 2.0, 0.5, "not safe for work"),))


@pytest.fixture
def queue(tmp_path) -> Path:
    return tmp_path / "new" / "review.jsonl"


def test_a_video_waits_until_it_is_decided(queue):
    assert waiting(queue) == []
    item = submit(queue, "a1", "clip.mp4", VERDICT)
    submit(queue, "b2", "other.mp4", VERDICT)
    assert (item.id, item.video, item.reasons, item.decision) == (
        "a1",
        "clip.mp4",
        ("not safe for work",),
        "",
    )
    decided = decide(queue, "a1", "block", by="Ann", note="seen")
    assert (decided.decision, decided.decided_by, decided.note) == ("block", "Ann", "seen")
    assert [item.id for item in waiting(queue)] == ["b2"]
    assert [item.id for item in all_items(queue)] == ["a1", "b2"]


def test_the_same_video_comes_once_and_keeps_its_decision(queue):
    submit(queue, "a1", "clip.mp4", VERDICT)
    decide(queue, "a1", "allow")
    assert submit(queue, "a1", "copy.mp4", VERDICT).decision == "allow"
    assert len(queue.read_text().splitlines()) == 2
    assert item_id("content", "model", "policy") != item_id("content", "model", "other")


def test_a_decision_is_overruled_only_where_that_is_meant(queue):
    submit(queue, "a1", "clip.mp4", VERDICT)
    decide(queue, "a1", "allow", by="Ann")
    with pytest.raises(SoraError, match=r"was decided by Ann at .*: allow; overrule it"):
        decide(queue, "a1", "block")
    assert decide(queue, "a1", "block", overrule=True).decision == "block"
    events = [record["event"] for record in read_records(queue)]
    assert events == ["submitted", "decided", "decided"]


def test_what_is_not_there_cannot_be_decided(queue):
    with pytest.raises(SoraError, match="holds no video zz"):
        decide(queue, "zz", "allow")
    assert read_records(queue) == []


def test_a_line_that_a_crash_cut_off_is_left_out_and_then_gone(queue):
    submit(queue, "a1", "clip.mp4", VERDICT)
    with queue.open("a") as file:
        file.write('{"event": "decided", "id": "a1", "deci')
    assert [item.id for item in waiting(queue)] == ["a1"]
    submit(queue, "b2", "other.mp4", VERDICT)
    assert [json.loads(line)["id"] for line in queue.read_text().splitlines()] == ["a1", "b2"]


def test_a_damaged_line_is_named(queue):
    submit(queue, "a1", "clip.mp4", VERDICT)
    queue.write_text("nonsense\n" + queue.read_text())
    with pytest.raises(SoraError, match=r"review.jsonl, line 1: is not JSON"):
        submit(queue, "b2", "other.mp4", VERDICT)


def append_ten(path: Path) -> None:
    for _ in range(10):
        append_record(path, lambda records: {"count": len(records)})


def test_processes_append_one_after_the_other(tmp_path):
    path = tmp_path / "journal.jsonl"
    processes = [
        multiprocessing.get_context("fork").Process(target=append_ten, args=[path]) for _ in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [record["count"] for record in read_records(path)] == list(range(30))
