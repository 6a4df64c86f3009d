import os
import signal
import time
from collections.abc import Callable, Iterator

import psutil
import pytest
from video_jobs import job

from sora.children import ChildDiedError, Children, ChildTimeoutError
from sora.lifetime import die_with_parent

PATIENCE_SECONDS = 20


@pytest.fixture
def children() -> Iterator[Children]:
    pair = Children(2, seconds=6, initializer=(job, ("a",)))  # which imports what it needs
    yield pair
    pair.close()


def pid_of(children: Children) -> int:
    return children.submit(os.getpid).result(PATIENCE_SECONDS)


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_calls_are_done_side_by_side_and_by_the_same_processes(children: Children):
    slow, quick = children.submit(job, 1.0), children.submit(job, "a")
    assert quick.result(PATIENCE_SECONDS) == ("a", "done")
    assert slow.result(PATIENCE_SECONDS) == (1.0, "done")
    assert len({pid_of(children) for _ in range(10)}) <= 2


def test_a_child_that_is_killed_while_idle_costs_nothing(children: Children):
    first = pid_of(children)
    for _ in range(3):
        os.kill(first, signal.SIGKILL)
        answers = {pid_of(children) for _ in range(4)}
        assert first not in answers
        first = answers.pop()


def test_an_idle_child_that_is_killed_is_replaced_without_a_call(children: Children):
    os.kill(pid_of(children), signal.SIGKILL)
    me = psutil.Process()
    before = {one.pid for one in me.children()}

    def is_replaced() -> bool:
        now = me.children()
        return {one.pid for one in now} != before and all(one.status() != "zombie" for one in now)

    wait_until(is_replaced)


def test_a_child_that_is_killed_at_work_costs_its_call_alone(children: Children):
    other = children.submit(job, 0.5)
    error = children.submit(signal.raise_signal, signal.SIGKILL).exception(PATIENCE_SECONDS)
    assert isinstance(error, ChildDiedError)
    assert error.exit_code == -signal.SIGKILL
    assert other.result(PATIENCE_SECONDS) == (0.5, "done")
    assert children.submit(job, "a").result(PATIENCE_SECONDS) == ("a", "done")


def test_one_that_is_stopped_ends_on_time_and_holds_up_nobody(children: Children):
    os.kill(pid_of(children), signal.SIGSTOP)
    futures = [children.submit(job, "a") for _ in range(6)]
    told = [future.exception(PATIENCE_SECONDS) for future in futures]
    assert sum(isinstance(error, ChildTimeoutError) for error in told) == 1
    assert [error for error in told if error is not None and not isinstance(error, ChildTimeoutError)] == []
    assert children.submit(job, "a").result(PATIENCE_SECONDS) == ("a", "done")


def test_a_supervisor_that_asks_to_stop_ends_no_call(children: Children):
    pid = pid_of(children)
    futures = [children.submit(job, 0.5), children.submit(job, 0.5)]
    os.kill(pid, signal.SIGTERM)
    os.kill(pid, signal.SIGINT)
    assert [future.result(PATIENCE_SECONDS) for future in futures] == [(0.5, "done")] * 2


def test_what_cannot_be_sent_is_an_error_and_the_next_call_works(children: Children):
    for call in ((lambda: 0,), (job, lambda: 0), (open, os.devnull), (os.fspath, 5)):
        with pytest.raises((AttributeError, TypeError)):
            children.submit(*call).result(PATIENCE_SECONDS)
    assert children.submit(job, "a").result(PATIENCE_SECONDS) == ("a", "done")


def test_children_that_cannot_start_are_an_error():
    broken = Children(1, seconds=4, initializer=(os._exit, (7,)))
    with pytest.raises(ChildDiedError, match="exit code 7"):
        broken.submit(job, "a").result(PATIENCE_SECONDS)
    broken.close()


def test_the_end_waits_for_nobody():
    children = Children(1, seconds=60, initializer=(die_with_parent, ()))
    at_work, waiting = children.submit(job, 50.0), children.submit(job, "a")
    wait_until(at_work.running)
    children.close()
    assert isinstance(at_work.exception(0), ChildDiedError)
    assert waiting.cancelled()
    with pytest.raises(RuntimeError, match="have ended"):
        children.submit(job, "a")
