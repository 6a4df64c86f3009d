"""Several frames at once through the heavy part of an effect, and in order through the rest."""

import os
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from sora.transcode.effect import Arrays, Effect
from sora.transcode.source import Picture

_WAITING = 2  # frames for each core beyond the one at work, so that none waits while a frame is coded


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
        num_threads: how many frames are prepared at once.
    """
    waiting: deque[tuple[Picture, Future[Any]]] = deque()

    def finish_oldest() -> Result:
        nonlocal state
        picture, prepared = waiting.popleft()
        state, pixels = effect.finish(state, picture.frame, prepared.result())
        return Result(picture.pts, pixels, state)

    pool = ThreadPoolExecutor(num_threads, thread_name_prefix="effect")
    try:
        for picture in pictures:
            waiting.append((picture, pool.submit(effect.prepare, picture.frame)))
            if len(waiting) > num_threads * (1 + _WAITING):
                yield finish_oldest()
        while waiting:
            yield finish_oldest()
    finally:
        pool.shutdown(cancel_futures=True)
