"""Child processes that read videos: one that crashes, hangs or swallows memory costs that video alone."""

import pickle
import resource
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Self

import numpy as np

from sora.children import ChildDiedError, Children, ChildTimeoutError
from sora.errors import VideoError
from sora.heap import keep_freed_memory
from sora.video.pictures import PictureSize
from sora.video.read import WHOLE, ChooseFrames, ChosenFrames, Window, read_frames
from sora.video.shared import Arena, SharedArray


@dataclass(frozen=True)
class Budget:
    """What reading one video may take; how large frames may be and how many is limited in ``sora.video``."""

    seconds: float = 120.0
    memory_gib: float = 2.0


class Guard:
    """Child processes for videos that nobody vouches for, with the interface of plain function calls.

    Threads may share it. The children start with the first call, stay for the next, and end with it.
    """

    def __init__(self, budget: Budget | None = None, num_processes: int = 1) -> None:
        """Start nothing yet; ``num_processes`` videos are read at a time."""
        self._budget = budget or Budget()
        self._num_processes = num_processes
        initializer = (_start_child, (self._budget.memory_gib,))
        self._children = Children(num_processes, self._budget.seconds, initializer)

    def warm_up(self) -> None:
        """Start the children now, without waiting for them."""
        for _ in range(self._num_processes):
            self.submit(_start_nothing)

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have ``function``, which must be importable, called in a child; see ``result``."""
        return self._children.submit(_packed, function, *arguments)

    def result(self, future: Future[Any]) -> Any:
        """Wait for what ``submit`` began.

        Raises:
            VideoError: the function raised it, or the child crashed or went beyond its budget.
            Exception: every other error of the function: a fault of the program or the machine.
        """
        try:
            return future.result()
        except ChildTimeoutError as error:
            raise VideoError(f"took longer than {self._budget.seconds:g} s to read") from error
        except ChildDiedError as error:
            raise VideoError(f"crashed the decoder (exit code {error.exit_code})") from error
        except MemoryError as error:
            raise VideoError(f"needs more than {self._budget.memory_gib:g} GiB of memory") from error

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return ``function(*arguments)``, called in a child; raises as ``result`` does."""
        return self.result(self.submit(function, *arguments))

    def read_frames(
        self, path: Path, choose: ChooseFrames, size: PictureSize, window: Window = WHOLE
    ) -> ChosenFrames:
        """Do what ``sora.video.read.read_frames`` does; ``choose`` and ``size`` must be importable.

        The pixels lie in memory that the child filled and gave away, so that none are copied.
        """
        shared, frames = self.call(_read_into_shared, path, choose, size, window)
        return ChosenFrames(shared.take(), *frames)

    def close(self) -> None:
        """End the children, at once where they are at work."""
        self._children.close()

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """End the children."""
        self.close()


_LARGE_BYTES = 2**20  # a pipe takes 64 KiB at a time, and copies them twice
_arena = Arena()  # of the child that this module is loaded in


def _read_into_shared(
    path: Path, choose: ChooseFrames, size: PictureSize, window: Window
) -> tuple[SharedArray, tuple[Any, int, str]]:
    shared = _arena.array()
    frames = read_frames(path, choose, size, window, num_threads=0, empty=shared.empty)
    return shared, (frames.times, frames.num_frames, frames.warning)


class _Packed:
    """What a call gave; unpickling this gives just that, large arrays in it through shared memory."""

    def __init__(self, value: Any) -> None:
        large: list[np.ndarray] = []

        def stays_in(buffer: pickle.PickleBuffer) -> bool:
            data = np.frombuffer(buffer.raw(), np.uint8)
            if data.size >= _LARGE_BYTES:
                large.append(data)
            return data.size < _LARGE_BYTES

        self._pickled = pickle.dumps(value, protocol=5, buffer_callback=stays_in)
        self._value = value  # which may itself hold shared memory
        self._sizes = [one.size for one in large]
        self._shared = _arena.array()
        if large:
            np.concatenate(large, out=self._shared.empty((sum(self._sizes),)))

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _unpacked, (self._pickled, self._shared, self._sizes)


def _unpacked(pickled: bytes, shared: SharedArray, sizes: list[int]) -> Any:
    ends = list(accumulate(sizes))
    return pickle.loads(pickled, buffers=np.split(shared.take(), ends[:-1]) if ends else [])


def _packed(function: Callable[..., Any], *arguments: Any) -> _Packed:
    return _Packed(function(*arguments))


def _start_nothing() -> None:
    """Serve as a call that costs nothing but the start of a child."""


def _start_child(memory_gib: float) -> None:
    limit = int(memory_gib * 2**30)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    keep_freed_memory()
    import cv2

    cv2.setNumThreads(1)  # parallel over videos, and the same result on every machine
