"""Work per video, in child processes: a video that crashes or hangs a decoder costs that video alone."""

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sora.attempt import TRANSIENT, LostWorkerError, Outcome, attempt
from sora.errors import VideoError
from sora.guard import Budget, Guard
from sora.params import Runtime

if TYPE_CHECKING:
    from sora.cluster import Cluster

_MAX_WAITING = 10_000  # calls at a time, that a scheduler must hold
_PAUSES_SECONDS = (1.0, 5.0)  # before what may pass is tried again


def map_videos(
    function: Callable[[Any], Any], items: Sequence[Any], runtime: Runtime, title: str, num_stored: int = 0
) -> list[Outcome]:
    """Return the outcome of ``function`` for each item, in order.

    ``function`` must be importable. A ``VideoError``, a crash, a time-out and a lack of memory become a
    reason. What may pass, such as a network that fails for a moment, is tried again; every other error is a
    fault of the program or the machine, and is raised.

    Args:
        function: called in a child process with one item; here, or on a Dask cluster.
        items: what is still to do.
        runtime: where, number of processes, time and memory for one item.
        title: shown with the progress.
        num_stored: how many more are already done, to be told.
    """
    with progress(title, len(items), num_stored) as advance:
        if not items:
            return []
        outcomes: list[Outcome | None] = []
        with _crew(runtime, len(items)) as crew:
            for outcome in _side_by_side(crew, function, items):
                outcomes.append(outcome)
                advance()
            return [
                outcome or _alone(crew, function, item) for item, outcome in zip(items, outcomes, strict=True)
            ]


def _crew(runtime: Runtime, num_items: int) -> "Guard | Cluster":
    budget = Budget(runtime.video_timeout_seconds, runtime.video_memory_gib)
    num_here = min(runtime.num_workers or os.cpu_count() or 1, num_items)
    if runtime.execution.engine == "local":
        return Guard(budget, num_here)
    from sora.cluster import Cluster

    return Cluster(runtime.execution.address, budget, num_here)


def _side_by_side(
    crew: "Guard | Cluster", function: Callable[[Any], Any], items: Iterable[Any]
) -> Iterator[Outcome | None]:
    """Yield the outcome for each item, in order; None where it must be tried again with none beside it."""
    waiting: deque[tuple[Any, Future[Any]]] = deque()
    for item in items:
        waiting.append((item, crew.submit(attempt, function, item)))
        if len(waiting) == _MAX_WAITING:
            yield _outcome(crew, function, *waiting.popleft())
    while waiting:
        yield _outcome(crew, function, *waiting.popleft())


def _outcome(
    crew: "Guard | Cluster", function: Callable[[Any], Any], item: Any, future: Future[Any]
) -> Outcome | None:
    for pause in _PAUSES_SECONDS:
        try:
            return _judged(crew, future)
        except ConnectionError:  # to the cluster, of which nothing is left to try
            raise
        except OSError as error:
            if error.errno not in TRANSIENT:
                raise
        time.sleep(pause)
        future = crew.submit(attempt, function, item)
    return _judged(crew, future)


def _judged(crew: "Guard | Cluster", future: Future[Any]) -> Outcome | None:
    try:
        return crew.result(future)
    except LostWorkerError:
        return None
    except VideoError as error:
        return Outcome(None, str(error))


def _alone(crew: "Guard | Cluster", function: Callable[[Any], Any], item: Any) -> Outcome:
    try:
        return crew.call(attempt, function, item)
    except VideoError as error:
        return Outcome(None, str(error))


@contextmanager
def progress(title: str, total: int, num_stored: int) -> Iterator[Callable[[], None]]:
    """Yield what is to be called after each of ``total`` videos; at the end one line tells what was done."""
    stored = f", {num_stored} already stored" if num_stored else ""
    start = time.monotonic()
    if sys.stderr.isatty():
        with _bar(title, total) as advance:
            yield advance
    else:
        yield lambda: None
    seconds = time.monotonic() - start
    print(f"{title}: {total} videos in {seconds:.1f} s{stored}", file=sys.stderr, flush=True)


@contextmanager
def _bar(title: str, total: int) -> Iterator[Callable[[], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda: bar.advance(task)
