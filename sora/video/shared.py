"""Arrays in memory that one process fills and another takes over, without a copy."""

import mmap
import os
import tempfile
import weakref
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any

import numpy as np

_MEMORY_FOLDER = Path("/dev/shm")
_PROCESSES = Path("/proc")  # there on Linux
_MAX_KEPT = 2  # whoever reads in a loop holds one array while the next is made
_MAX_KEPT_BYTES = 256 * 2**20
_MAX_COPIED_BYTES = 8 * 2**20  # quickly copied; shared memory costs a file descriptor while it is held


class Arena:
    """Gives out memory to fill; what the other process has let go of is used again, for new pages are slow.

    It lies in files without names, so that nothing is left behind when either side is killed.
    """

    def __init__(self) -> None:
        """Hold nothing."""
        self._kept: list[_Block] = []

    def array(self) -> "SharedArray":
        """Return an array to make with ``empty``, fill, pickle and ``take``."""
        return SharedArray(self)

    def block(self, size: int) -> "_Block":
        """Return memory of at least ``size`` bytes that nobody uses."""
        for block in self._kept:
            if not block.is_taken and block.capacity >= size:
                return block
        block = _Block.new(size)
        if size <= _MAX_KEPT_BYTES:
            self._kept = [block, *self._kept][:_MAX_KEPT]
        return block


class SharedArray:
    """One uint8 array: ``empty`` makes it, pickling hands it over, ``take`` gives it on the other side."""

    def __init__(self, arena: Arena) -> None:
        """Hold an empty array."""
        self._arena = arena
        self._shape: tuple[int, ...] = (0,)
        self._block: _Block | None = None

    def empty(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return an array of ``shape`` to fill."""
        self._shape = shape
        if 0 in shape:
            return np.empty(shape, np.uint8)
        self._block = self._arena.block(_size(shape))
        self._block.is_taken = True
        return self._block.array(shape)

    def take(self) -> np.ndarray:
        """Return the array that the other process filled."""
        if self._block is None:
            return np.empty(self._shape, np.uint8)
        block = self._block
        array = block.array(self._shape)
        if array.size <= _MAX_COPIED_BYTES:
            copied = array.copy()
            block.let_go()
            return copied
        # Every view of it holds on to its base, so that this happens when the last of them is gone.
        weakref.finalize(array.base, block.let_go)
        return array

    def __getstate__(self) -> dict[str, Any]:
        """Tell whoever unpickles this where the file is; its owner must not let go of it before."""
        return {"_shape": self._shape, "_block": self._block and _told(self._block.descriptor)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the file.

        Raises:
            OSError: its owner has ended.
        """
        told = state["_block"]
        self._shape, self._block = state["_shape"], told and _Block(_opened(told))


def _told(descriptor: int) -> Any:
    # The way through the system's own folder needs nothing of a process that may be stopped or killed; that
    # of multiprocessing needs a thread of it, and a socket which stays behind on the disk.
    return f"{_PROCESSES}/{os.getpid()}/fd/{descriptor}" if _PROCESSES.is_dir() else DupFd(descriptor)


def _opened(told: Any) -> int:
    return os.open(told, os.O_RDWR) if isinstance(told, str) else told.detach()


class _Block:
    """A mapped file; its last byte says whether the array in it is in use."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.capacity = os.fstat(descriptor).st_size - 1
        self._memory = mmap.mmap(descriptor, 0)
        weakref.finalize(self, os.close, descriptor)

    @classmethod
    def new(cls, size: int) -> "_Block":
        folder = _MEMORY_FOLDER if _MEMORY_FOLDER.is_dir() else None
        with tempfile.TemporaryFile(dir=folder) as file:
            os.ftruncate(file.fileno(), size + 1)
            return cls(os.dup(file.fileno()))

    @property
    def is_taken(self) -> bool:
        return self._memory[self.capacity] != 0

    @is_taken.setter
    def is_taken(self, value: bool) -> None:
        self._memory[self.capacity] = int(value)

    def let_go(self) -> None:
        self.is_taken = False

    def array(self, shape: tuple[int, ...]) -> np.ndarray:
        return np.frombuffer(self._memory, np.uint8, _size(shape)).reshape(shape)


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape))
