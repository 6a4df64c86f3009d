"""Time that tests move, sources that play from a list, and classifiers that take as long as a test says."""

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from sora.live.mailbox import LiveFrame
from sora.video.live import TimedPictures

PICTURE = np.zeros((4, 4, 3), np.uint8)


class FakeClock:
    """Waits take no time but the clock's; after so many of them it is stopped."""

    def __init__(self, max_waits: int = 1_000_000) -> None:
        self.seconds = 100.0
        self.waited: list[float] = []
        self._max_waits = max_waits

    def now(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.seconds += seconds

    def stop(self) -> None:
        self._max_waits = 0

    @property
    def is_stopped(self) -> bool:
        return len(self.waited) >= self._max_waits


def frames(count: int, fps: float) -> list[TimedPictures]:
    return [TimedPictures(number / fps, (PICTURE,)) for number in range(count)]


def live_frame(number: int, *, fps: float = 25.0, connection: int = 1, available: float = 0.0) -> LiveFrame:
    """A frame of which every pixel is its number."""
    picture = np.full((4, 4, 3), number % 256, np.uint8)
    return LiveFrame(number, connection, (number - 1) / fps, available, picture)


class CountingClassifier:
    """Features of a segment are the first pixels of its frames; the answer is the clip it was given."""

    def __init__(self, while_answering: Callable[[], None] = lambda: None) -> None:
        self.num_segments = 0
        self._while_answering = while_answering

    def features(self, segment: np.ndarray) -> np.ndarray | None:
        self.num_segments += 1
        return segment[:, 0, 0, 0].astype(np.float32) if segment.any() else None

    def answer(self, features: np.ndarray | None) -> dict[str, Any]:
        self._while_answering()
        return {"clip": None if features is None else features.tolist()}


def playing(*connections: list[TimedPictures] | Exception) -> Callable[[], Iterator[TimedPictures]]:
    """Give the connections one after the other; one that is an error, or ends in one, raises it."""
    left = list(connections)

    def connect() -> Iterator[TimedPictures]:
        for item in left.pop(0):  # type: ignore[union-attr]
            if isinstance(item, Exception):
                raise item
            yield item

    return connect


def crash(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)
