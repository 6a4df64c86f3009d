"""Calls of many threads, done together."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from sora.batching import Batcher


class Slow:
    """Doubles numbers; holds the first batch until it is let go."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.began, self.may_end = threading.Event(), threading.Event()

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        self.began.set()
        assert self.may_end.wait(20)
        if 13 in items:
            raise ValueError("unlucky")
        return [2 * item for item in items]


def waiting_for(batcher: Batcher, count: int) -> None:
    while len(batcher._waiting) < count:
        threading.Event().wait(0.001)


def test_what_comes_while_a_batch_runs_is_the_next_one():
    slow = Slow()
    batcher = Batcher(slow, max_size=4)
    with ThreadPoolExecutor(7) as pool:
        first = pool.submit(batcher, 0)
        assert slow.began.wait(20)
        others = []
        for item in range(1, 7):
            others.append(pool.submit(batcher, item))
            waiting_for(batcher, item)
        slow.may_end.set()
        assert [first.result(), *(other.result() for other in others)] == [0, 2, 4, 6, 8, 10, 12]
    assert slow.batches == [[0], [1, 2, 3, 4], [5, 6]]


def test_an_error_is_that_of_its_batch_alone():
    slow = Slow()
    batcher = Batcher(slow, max_size=2)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(batcher, 1)
        assert slow.began.wait(20)
        others = []
        for place, item in enumerate((12, 13, 14), start=1):
            others.append(pool.submit(batcher, item))
            waiting_for(batcher, place)
        slow.may_end.set()
        assert first.result() == 2
        for unlucky in others[:2]:
            with pytest.raises(ValueError, match="unlucky"):
                unlucky.result()
        assert others[2].result() == 28
    assert batcher(5) == 10


def test_one_thread_alone_waits_for_nobody():
    seen: list[int] = []
    batcher: Batcher[str, int] = Batcher(lambda items: [seen.append(len(items)) or len(items[0])], 8)
    assert [batcher("a"), batcher("bcd")] == [1, 3]
    assert seen == [1, 1]


def test_with_several_at_once_a_batch_forms_when_all_are_busy():
    slow = Slow()
    batcher = Batcher(slow, max_size=4, num_at_once=2)
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(batcher, 0)]
        assert slow.began.wait(20)
        slow.began.clear()
        calls.append(pool.submit(batcher, 1))
        assert slow.began.wait(20)
        for place, item in enumerate((2, 3), start=1):
            calls.append(pool.submit(batcher, item))
            waiting_for(batcher, place)
        slow.may_end.set()
        assert [call.result() for call in calls] == [0, 2, 4, 6]
    assert slow.batches == [[0], [1], [2, 3]]
