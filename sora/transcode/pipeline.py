"""Several frames at once through the heavy parts of an effect, and in order through the rest."""

import os
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from sora.transcode.effect import Arrays, Effect
from sora.transcode.source import Picture

_WAITING = 1  # frames for each core and step beyond those at work, so that no core waits while one is coded


class Result(NamedTuple):
    """A finished frame: its time, uint8 RGB (H, W, 3), and the effect's state after it."""

    pts: int
    pixels: np.ndarray
    state: Arrays | None


def num_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def results(
    effect: Effect, pictures: Iterable[Picture], state: Arrays | None, num_threads: int
) -> Generator[Result]:
    """Yield the result of each picture, in order; only a few are held at a time.

    Args:
        effect: what is done.
        pictures: in display order.
        state: the effect's after the frame before the first; None: there is none.
        num_threads: how many frames are worked on at once.
    """
    prepared: deque[tuple[Picture, Future[Any]]] = deque()
    rendered: deque[tuple[Picture, Arrays | None, Future[np.ndarray]]] = deque()
    most_waiting = num_threads * (1 + _WAITING)
    pool = ThreadPoolExecutor(num_threads, thread_name_prefix="effect")

    def finish_oldest() -> None:
        nonlocal state
        picture, one = prepared.popleft()
        state, finished = effect.finish(state, picture.frame, one.result())
        rendered.append((picture, state, pool.submit(effect.render, picture.frame, finished)))

    def oldest() -> Result:
        picture, state_after, one = rendered.popleft()
        return Result(picture.pts, one.result(), state_after)

    try:
        for picture in pictures:
            prepared.append((picture, pool.submit(effect.prepare, picture.frame)))
            if len(prepared) > most_waiting:
                finish_oldest()
            if len(rendered) > most_waiting:
                yield oldest()
        while prepared or rendered:
            if prepared:
                finish_oldest()
            if len(rendered) > most_waiting or not prepared:
                yield oldest()
    finally:
        pool.shutdown(cancel_futures=True)
