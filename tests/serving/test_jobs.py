import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sora.errors import SoraError, VideoError
from sora.serving.jobs.job import CancelledError, Job, JobRules
from sora.serving.jobs.runner import UNEXPECTED, JobRunner
from sora.serving.jobs.store import JobStore
from sora.serving.overload import FullError

RULES = JobRules(max_waiting=3, lease_seconds=0.6)

# A worker whose task says that it runs, and then hangs, or dies.
WORKER = """
import os, signal, sys, time
from pathlib import Path
from sora.serving.jobs.job import JobRules
from sora.serving.jobs.runner import JobRunner
from sora.serving.jobs.store import JobStore

def run(task, video, options, on_progress):
    on_progress(0.25)
    (video.parent / "partial.mp4").write_bytes(b"x")
    print(video, flush=True)
    if task == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(600)

JobRunner(JobStore(Path(sys.argv[1]), JobRules(max_waiting=3, lease_seconds=0.6)), run).start()
time.sleep(600)
"""


@pytest.fixture
def store(tmp_path) -> Iterator[JobStore]:
    store = JobStore(tmp_path / "state", RULES)
    yield store
    store.close()


@pytest.fixture
def running() -> Iterator[Callable[..., JobRunner]]:
    started: list[JobRunner] = []

    def start(store: JobStore, run: Callable[..., dict[str, Any]], num_threads: int = 1) -> JobRunner:
        started.append(JobRunner(store, run, num_threads))
        started[-1].start()
        return started[-1]

    yield start
    for runner in started:
        runner.stop(finish=False)


def submit(store: JobStore, tmp_path: Path, task: str = "tag", **options: Any) -> Job:
    video = tmp_path / "upload.mp4"
    video.write_bytes(b"video")
    return store.submit(task, options, video)


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60  # so long no test should hang, however loaded the machine is
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def wait_for(store: JobStore, job_id: str, *statuses: str) -> Job:
    wait_until(lambda: store.get(job_id).status in statuses)
    return store.get(job_id)


def left(tmp_path: Path, job_id: str) -> set[str]:
    return {path.name for path in (tmp_path / "state" / "jobs" / job_id).rglob("*") if not path.is_dir()}


def summarize(task: str, video: Path, options: dict[str, Any], on_progress: Callable) -> dict[str, Any]:
    on_progress(0.5)
    (video.parent / "highlights.mp4").write_bytes(video.read_bytes() * 2)
    return {"task": task, "options": options, "name": video.suffix}


class Waiting:
    """A task that reports until it is let go, or no longer wanted."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.ended: list[type[BaseException] | None] = []

    def __call__(
        self, task: str, video: Path, options: dict[str, Any], on_progress: Callable
    ) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        try:
            while not self.go.wait(0.01) and time.monotonic() < deadline:
                on_progress(0.5)
        except BaseException as error:
            self.ended.append(type(error))
            raise
        self.ended.append(None)
        return {"by": "waiting"}


def test_a_job_is_done_with_its_result_and_files(store, running, tmp_path):
    job = submit(store, tmp_path, "summarize", language="zh")
    assert not (tmp_path / "upload.mp4").exists()
    assert job.as_json() == {
        "job_id": job.job_id,
        "task": "summarize",
        "status": "queued",
        "progress": 0.0,
        "submitted": job.submitted,
    }
    assert store.result(job.job_id) is None
    running(store, summarize)
    done = wait_for(store, job.job_id, "done", "failed")
    assert set(done.as_json()) == {"job_id", "task", "status", "progress", "submitted", "started", "finished"}
    assert (done.status, done.progress, done.num_attempts) == ("done", 1.0, 1)
    assert done.submitted <= done.started <= done.finished
    assert done.finished.endswith("+00:00")
    assert store.result(job.job_id) == {"task": "summarize", "options": {"language": "zh"}, "name": ".mp4"}
    assert store.file(job.job_id, "highlights.mp4").read_bytes() == b"videovideo"
    assert store.cancel(job.job_id).status == "done"


@pytest.mark.parametrize("name", ["video.mp4", "result.json", "../jobs.db", "/etc/passwd", "", ".", "a\0b"])
def test_only_files_of_the_task_are_given(store, running, tmp_path, name):
    job = submit(store, tmp_path)
    assert store.file(job.job_id, "highlights.mp4") is None
    running(store, summarize)
    wait_for(store, job.job_id, "done")
    assert store.file(job.job_id, name) is None


@pytest.mark.parametrize("job_id", ["", "..", "../x", "unknown", "a\0b", "\ud800"])
def test_unknown_jobs_are_none(store, job_id):
    assert store.get(job_id) is None
    assert store.cancel(job_id) is None
    assert store.result(job_id) is None
    assert store.file(job_id, "highlights.mp4") is None


def test_the_video_is_gone_when_the_job_has_ended(store, running, tmp_path):
    def act(task: str, video: Path, *rest: object) -> dict[str, Any]:
        if task == "refuse":
            raise VideoError("holds no video stream")
        return summarize(task, video, *rest) if task == "summarize" else {}["missing"]

    jobs = {task: submit(store, tmp_path, task).job_id for task in ("summarize", "refuse", "crash")}
    runner = running(store, act)
    for job_id in jobs.values():
        wait_for(store, job_id, "done", "failed")
    runner.stop()
    assert left(tmp_path, jobs["summarize"]) == {"result.json", "highlights.mp4"}
    assert {path.name for path in (tmp_path / "state" / "jobs").iterdir()} == {jobs["summarize"]}


def test_a_bad_video_is_named_and_a_fault_is_logged(store, running, tmp_path, caplog):
    def act(task: str, *rest: object) -> dict[str, Any]:
        raise VideoError("holds no video stream") if task == "refuse" else LookupError("a secret path")

    refused, crashed = submit(store, tmp_path, "refuse"), submit(store, tmp_path, "crash")
    running(store, act)
    assert wait_for(store, refused.job_id, "failed").as_json()["error"] == "holds no video stream"
    assert wait_for(store, crashed.job_id, "failed").error == UNEXPECTED
    wait_until(lambda: "LookupError: a secret path" in caplog.text)
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_result_that_is_no_json_is_a_fault(store, running, tmp_path):
    job = submit(store, tmp_path)
    running(store, lambda *rest: {"probability": float("nan")})
    assert wait_for(store, job.job_id, "failed", "done").error == UNEXPECTED


def test_too_many_waiting_are_refused(store, tmp_path):
    jobs = [submit(store, tmp_path) for _ in range(3)]
    with pytest.raises(FullError, match="3 jobs wait already; try again later") as raised:
        submit(store, tmp_path)
    assert raised.value.retry_after_seconds > 0
    assert (tmp_path / "upload.mp4").exists()
    store.cancel(jobs[1].job_id)
    submit(store, tmp_path)


def test_of_many_at_once_no_more_are_accepted(store, tmp_path):
    def one(number: int) -> bool:
        video = tmp_path / f"upload-{number}.mp4"
        video.write_bytes(b"video")
        try:
            store.submit("tag", {}, video)
        except FullError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(16))) == 3
    with pytest.raises(FullError):  # whoever has found room a moment ago
        store.table.insert("ab" * 16, "tag", {})
    assert len(list((tmp_path / "state" / "jobs").iterdir())) == 3


def test_a_waiting_job_is_cancelled_at_once(store, running, tmp_path):
    job = submit(store, tmp_path)
    assert store.cancel(job.job_id).status == "cancelled"
    assert not (tmp_path / "state" / "jobs" / job.job_id).exists()
    assert store.table.take() is None


def test_a_running_job_is_cancelled_at_its_next_step(store, running, tmp_path):
    task = Waiting()
    job = submit(store, tmp_path)
    runner = running(store, task)
    wait_until(lambda: store.get(job.job_id).progress == 0.5)
    other = JobStore(tmp_path / "state", RULES)  # as in another process
    assert other.cancel(job.job_id).status == "cancelled"
    other.close()
    runner.stop()
    assert task.ended == [CancelledError]
    assert store.get(job.job_id).status == "cancelled"
    assert store.get(job.job_id).finished
    assert not (tmp_path / "state" / "jobs" / job.job_id).exists()


def test_progress_never_goes_back_and_stays_in_range(store, running, tmp_path, monkeypatch):
    monkeypatch.setattr("sora.serving.jobs.runner._REPORT_SECONDS", 0)
    seen = []
    job = submit(store, tmp_path)

    def act(task: str, video: Path, options: dict[str, Any], on_progress: Callable) -> dict[str, Any]:
        for progress in (0.5, 0.25, float("nan"), -1.0, 0.75, 7.0):
            on_progress(progress)
            seen.append(store.get(job.job_id).progress)
        return {}

    running(store, act)
    wait_for(store, job.job_id, "done", "failed")
    assert seen == [0.5, 0.5, 0.5, 0.5, 0.75, 1.0]


def test_stopping_waits_for_what_runs_and_leaves_the_rest(store, running, tmp_path):
    task = Waiting()
    first, second = submit(store, tmp_path), submit(store, tmp_path)
    runner = running(store, task)
    wait_for(store, first.job_id, "running")
    threading.Timer(0.2, task.go.set).start()
    runner.stop(finish=True)
    assert store.result(first.job_id) == {"by": "waiting"}
    assert store.get(second.job_id).status == "queued"


@pytest.mark.parametrize("how", [{"finish": False}, {"finish": True, "timeout_seconds": 0.1}])
def test_stopping_gives_back_what_does_not_end(store, running, tmp_path, how):
    task = Waiting()
    job = submit(store, tmp_path)
    runner = running(store, task)
    wait_for(store, job.job_id, "running")
    runner.stop(**how)
    given_back = store.get(job.job_id)
    assert (given_back.status, given_back.progress, given_back.num_attempts) == ("queued", 0.0, 0)
    running(store, summarize)
    assert wait_for(store, job.job_id, "done", "failed").num_attempts == 1
    wait_until(lambda: bool(task.ended))
    assert task.ended == [CancelledError]
    assert store.result(job.job_id)["task"] == "tag"
    assert store.file(job.job_id, "highlights.mp4").is_file()


def test_a_living_worker_keeps_its_job_beyond_the_lease(store, running, tmp_path):
    task = Waiting()
    job = submit(store, tmp_path)
    running(store, task)
    wait_for(store, job.job_id, "running")
    other = JobStore(tmp_path / "state", RULES)
    for _ in range(15):
        assert other.table.take() is None
        time.sleep(RULES.lease_seconds / 10)
    other.close()
    task.go.set()
    assert wait_for(store, job.job_id, "done").num_attempts == 1


def start_worker(tmp_path: Path) -> subprocess.Popen:
    command = [sys.executable, "-c", WORKER, str(tmp_path / "state")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_the_job_of_a_killed_worker_is_taken_over(store, running, tmp_path):
    job = submit(store, tmp_path, "summarize")
    worker = start_worker(tmp_path)
    assert worker.stdout.readline().strip().endswith("video.mp4")
    assert store.get(job.job_id).status == "running"
    worker.kill()
    worker.wait()
    assert store.table.take() is None, "its lease still runs"
    runner = running(store, summarize)
    done = wait_for(store, job.job_id, "done", "failed")
    assert (done.status, done.num_attempts) == ("done", 2)
    runner.stop()
    assert left(tmp_path, job.job_id) == {"result.json", "highlights.mp4"}


def test_a_video_that_ends_its_workers_is_given_up(store, running, tmp_path):
    job = submit(store, tmp_path, "die")
    for count in range(1, 4):
        worker = start_worker(tmp_path)
        assert worker.wait() == -signal.SIGKILL
        assert store.get(job.job_id).num_attempts == count
    running(store, summarize)
    failed = wait_for(store, job.job_id, "failed", "done")
    assert failed.error == "its worker died 3 times; this video may be what ends it"
    store.sweep()
    assert left(tmp_path, job.job_id) == set()


def test_a_worker_that_was_taken_for_dead_changes_nothing_any_more(store, tmp_path):
    job = submit(store, tmp_path)
    late = store.table.take()
    video = store.begin(late)
    store.table._rows("UPDATE jobs SET seen = seen - 60")
    attempt = store.table.take()
    (store.begin(attempt).parent / "highlights.mp4").write_bytes(b"good")
    (video.parent / "highlights.mp4").write_bytes(b"late")
    store.table.report(attempt, 0.5)
    assert not store.table.is_held(late)
    store.finish(late, {"by": "the late one"})
    assert not store.table.fail(late, "late")
    store.table.give_back(late)
    store.table.report(late, 0.75)
    store.leave(late)
    assert (store.get(job.job_id).status, store.get(job.job_id).progress) == ("running", 0.5)
    store.finish(attempt, {"by": "the second"})
    store.leave(attempt)
    assert store.result(job.job_id) == {"by": "the second"}
    assert store.file(job.job_id, "highlights.mp4").read_bytes() == b"good"
    assert left(tmp_path, job.job_id) == {"result.json", "highlights.mp4"}


def test_of_tasks_that_take_all_cores_one_runs_and_others_go_by(tmp_path):
    store = JobStore(tmp_path / "state", JobRules(lease_seconds=60, one_at_a_time=("enhance", "stylize")))
    first, second, quick = (
        submit(store, tmp_path, task).job_id for task in ("enhance", "stylize", "classify")
    )
    taken = store.table.take()
    assert (taken.job_id, store.table.take().job_id, store.table.take()) == (first, quick, None)
    store.table._rows("UPDATE jobs SET seen = seen - 120 WHERE id = :id", {"id": first})
    again = store.table.take()  # its worker has died
    assert again.job_id == first
    store.table.fail(again, "")
    assert store.table.take().job_id == second
    store.close()


def test_a_clock_that_was_set_back_holds_no_job_up(store, tmp_path):
    submit(store, tmp_path)
    attempt = store.table.take()
    assert store.table.take() is None
    store.table._rows("UPDATE jobs SET seen = seen + 86400")
    assert store.table.take().job_id == attempt.job_id


def test_each_job_is_done_once(tmp_path, running):
    rules = JobRules(max_waiting=40)
    stores = [JobStore(tmp_path / "state", rules) for _ in range(2)]
    jobs = [submit(stores[0], tmp_path, number=number) for number in range(40)]
    done: list[int] = []

    def act(task: str, video: Path, options: dict[str, Any], on_progress: Callable) -> dict[str, Any]:
        on_progress(0.5)
        done.append(options["number"])
        return {}

    for store in stores:
        running(store, act, num_threads=2)
    for job in jobs:
        assert wait_for(stores[1], job.job_id, "done", "failed").status == "done"
    assert sorted(done) == list(range(40))


def finished(store: JobStore, tmp_path: Path, num_bytes: int = 0) -> str:
    submit(store, tmp_path)
    attempt = store.table.take()
    (store.begin(attempt).parent / "highlights.mp4").write_bytes(bytes(num_bytes))
    store.finish(attempt, {})
    store.leave(attempt)
    return attempt.job_id


def test_results_are_kept_as_long_as_the_rules_say(store, tmp_path):
    old, new = finished(store, tmp_path), finished(store, tmp_path)
    waiting = submit(store, tmp_path)
    store.table._rows("UPDATE jobs SET submitted = submitted - 90000")
    store.table._rows("UPDATE jobs SET finished = finished - 86500 WHERE id = :id", {"id": old})
    store.sweep()
    assert store.get(old) is None
    assert store.result(new) == {}
    assert store.get(waiting.job_id).status == "queued"
    assert not (tmp_path / "state" / "jobs" / old).exists()


def test_the_oldest_results_go_when_they_take_too_much(tmp_path):
    store = JobStore(tmp_path / "state", JobRules(max_kept_bytes=30_000))
    jobs = [finished(store, tmp_path, num_bytes) for num_bytes in (9000, 9000, 9000, 100)]
    store.sweep()
    assert [store.get(job_id) is not None for job_id in jobs] == [False, False, True, True]
    assert {path.name for path in (tmp_path / "state" / "jobs").iterdir()} == set(jobs[2:])
    store.close()


def test_what_a_killed_submission_has_left_goes_later(store, tmp_path):
    home = tmp_path / "state" / "jobs" / "abandoned"
    home.mkdir()
    (home / "video.mp4").write_bytes(b"x")
    store.sweep()
    assert home.exists(), "it may be under way"
    os.utime(home, (time.time() - 7200,) * 2)
    store.sweep()
    assert not home.exists()


def test_what_is_no_table_of_jobs_is_named(tmp_path):
    (tmp_path / "jobs.db").write_bytes(b"something else" * 100)
    with pytest.raises(SoraError, match=r"jobs\.db: SQLite cannot use it \(file is not a database\)"):
        JobStore(tmp_path)


def test_ids_are_not_to_be_guessed(store, tmp_path):
    jobs = [submit(store, tmp_path).job_id for _ in range(3)]
    assert {len(bytes.fromhex(job_id)) for job_id in jobs} == {16}
    assert len(set(jobs)) == 3
    assert json.loads(json.dumps(store.get(jobs[0]).as_json()))["job_id"] == jobs[0]
