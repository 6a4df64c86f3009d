"""Work per video, in child processes: a video that crashes or hangs a decoder costs that video alone."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from sora.attempt import Outcome, attempt
from sora.errors import VideoError
from sora.guard import Budget, Guard
from sora.params import Runtime


def map_videos(
    function: Callable[[Any], Any], items: Sequence[Any], runtime: Runtime, title: str, num_stored: int = 0
) -> list[Outcome]:
    """Return the outcome of ``function`` for each item, in order.

    ``function`` must be importable. A ``VideoError``, a crash, a time-out and a lack of memory become a
    reason; every other error is a fault of the program or the machine, and is raised.

    Args:
        function: called in a child process with one item.
        items: what is still to do.
        runtime: number of processes, time and memory for one item.
        title: shown with the progress.
        num_stored: how many more are already done, to be told.
    """
    count = min(runtime.num_workers or os.cpu_count() or 1, max(len(items), 1))
    budget = Budget(runtime.video_timeout_seconds, runtime.video_memory_gib)
    outcomes = []
    with progress(title, len(items), num_stored) as advance, Guard(budget, count) as guard:
        futures = [guard.submit(attempt, function, item) for item in items]
        for future in futures:
            outcomes.append(_outcome(guard, future))
            advance()
    return outcomes


def _outcome(guard: Guard, future: Future[Any]) -> Outcome:
    try:
        return guard.result(future)
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
