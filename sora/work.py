"""Work per video, in child processes: a video that crashes or hangs a decoder costs that video alone."""

import multiprocessing
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pebble import ProcessExpired, ProcessPool
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sora.errors import VideoError
from sora.params import Runtime


@dataclass(frozen=True)
class Outcome:
    """The result for one item, or the reason why there is none, and how long it was tried.

    ``seconds`` is 0 where a crash left no trace of it; equality does not look at it.
    """

    value: Any
    reason: str = ""
    seconds: float = field(default=0.0, compare=False)


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
    limit_seconds = runtime.video_timeout_seconds
    outcomes = []
    with _progress(title, len(items), num_stored) as advance, _pool(count, runtime) as pool:
        futures = [pool.schedule(_attempt, [function, item], timeout=limit_seconds) for item in items]
        for future in futures:
            outcomes.append(_outcome(future, runtime))
            advance()
    return outcomes


def _attempt(function: Callable[[Any], Any], item: Any) -> Outcome:
    start = time.monotonic()
    try:
        value, reason = function(item), ""
    except VideoError as error:
        value, reason = None, str(error)
    return Outcome(value, reason, time.monotonic() - start)


def _outcome(future: Any, runtime: Runtime) -> Outcome:
    seconds = runtime.video_timeout_seconds
    try:
        return future.result()
    except FutureTimeoutError:
        return Outcome(None, f"took longer than {seconds:g} s to read", seconds)
    except ProcessExpired as error:
        return Outcome(None, f"crashed the decoder (exit code {error.exitcode})")
    except MemoryError:
        return Outcome(None, f"needs more than {runtime.video_memory_gib:g} GiB of memory")


@contextmanager
def _pool(num_workers: int, runtime: Runtime) -> Iterator[ProcessPool]:
    # Fresh interpreters, so that no lock or thread of the parent is inherited in a bad state.
    pool = ProcessPool(
        num_workers,
        context=multiprocessing.get_context("spawn"),
        initializer=_start_child,
        initargs=[runtime.video_memory_gib],
    )
    try:
        yield pool
    except BaseException:
        pool.stop()
        raise
    finally:
        pool.close()
        pool.join()


def _start_child(memory_gib: float) -> None:
    die_with_parent()
    limit = int(memory_gib * 2**30)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    import cv2

    cv2.setNumThreads(1)  # parallel over videos, and the same result on every machine


def die_with_parent() -> None:
    """End this process soon after its parent has gone, so that nothing goes on writing unseen."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.2)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _progress(title: str, total: int, num_stored: int) -> Iterator[Callable[[], None]]:
    console = Console(stderr=True)
    stored = f", {num_stored} already stored" if num_stored else ""
    start = time.monotonic()
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(title, total=total)
            yield lambda: bar.advance(task)
    else:
        yield lambda: None
    seconds = time.monotonic() - start
    print(f"{title}: {total} videos in {seconds:.1f} s{stored}", file=sys.stderr, flush=True)
