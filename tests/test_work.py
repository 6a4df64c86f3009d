import multiprocessing
import os
from pathlib import Path
from unittest.mock import patch

import psutil
import pytest
from video_jobs import first_time_in_vain, job

from sora.attempt import Outcome
from sora.params import Runtime
from sora.work import map_videos

RUNTIME = Runtime(num_workers=2, video_timeout_seconds=3.0, video_memory_gib=2.0)


def test_one_bad_item_costs_that_item_alone(capsys: pytest.CaptureFixture[str]):
    items = [0.3, "bad", "crash", "a", "hang", "memory", "b", 0.0]
    outcomes = map_videos(job, items, RUNTIME, "read", num_stored=4)
    done = {i: Outcome((items[i], "done")) for i in (0, 3, 6, 7)}
    reasons = {
        1: "is empty (0 bytes)",
        2: "crashed the decoder (exit code 3)",
        4: "took longer than 3 s to read",
        5: "needs more than 2 GiB of memory",
    }
    failed = {i: Outcome(None, reason) for i, reason in reasons.items()}
    assert dict(enumerate(outcomes)) == done | failed
    told = capsys.readouterr().err
    assert told.startswith("read: 8 videos in ")
    assert told.endswith(", 4 already stored\n")


def test_a_fault_of_the_program_is_raised():
    with pytest.raises(ValueError, match="a fault of the program"):
        map_videos(job, ["bug", "a"], RUNTIME, "read")


def test_work_is_done_in_other_processes_and_nothing_is_fine():
    (outcome,) = map_videos(job, ["pid"], RUNTIME, "read")
    assert isinstance(outcome.value, int)
    assert outcome.value != os.getpid()
    assert map_videos(job, [], RUNTIME, "read") == []


def test_nothing_to_do_starts_no_process():
    before = set(psutil.Process().children(recursive=True))
    with patch.object(multiprocessing.get_context("spawn").Process, "start") as start:
        assert map_videos(job, [], RUNTIME, "read", num_stored=9) == []
    start.assert_not_called()
    assert set(psutil.Process().children(recursive=True)) <= before


def test_outcomes_tell_how_long_it_took():
    done, bad, crashed = map_videos(job, [0.3, "bad", "crash"], RUNTIME, "read")
    assert done.seconds > 0
    assert bad.seconds > 0
    assert crashed.seconds == 0


def test_what_may_pass_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sora.work._PAUSES_SECONDS", (0.0,))
    assert map_videos(first_time_in_vain, [tmp_path / "a"], RUNTIME, "read") == [Outcome("done")]
    with pytest.raises(FileNotFoundError):
        map_videos(first_time_in_vain, [tmp_path / "nowhere" / "a"], RUNTIME, "read")


def test_outcomes_keep_their_order_where_few_calls_wait(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sora.work._MAX_WAITING", 3)
    items = [0.2, "bad", 0.0, "a", "b", "c"]
    outcomes = map_videos(job, items, RUNTIME, "read")
    assert [outcome.value and outcome.value[0] for outcome in outcomes] == [0.2, None, 0.0, "a", "b", "c"]
