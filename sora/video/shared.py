"""Arrays in memory that one process fills and another takes over, without a copy."""

import mmap
import os
import tempfile
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any

import numpy as np

_MEMORY_FOLDER = Path("/dev/shm")


class SharedArray:
    """One uint8 array: ``empty`` makes it, pickling hands it over, ``take`` gives it on the other side.

    It lies in a file without a name, so that nothing is left behind when either side is killed.
    """

    def __init__(self) -> None:
        """Hold an empty array."""
        self._shape: tuple[int, ...] = (0,)
        self._file: Any = None  # here the open file, on the other side what the descriptor comes from

    def empty(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return a new array of ``shape`` to fill."""
        self._shape = shape
        if 0 in shape:
            return np.empty(shape, np.uint8)
        folder = _MEMORY_FOLDER if _MEMORY_FOLDER.is_dir() else None
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # closed with this object
        os.ftruncate(self._file.fileno(), int(np.prod(shape)))
        return _mapped(self._file.fileno(), shape)

    def take(self) -> np.ndarray:
        """Return the array that the other process filled."""
        if self._file is None:
            return np.empty(self._shape, np.uint8)
        descriptor = self._file.detach()
        try:
            return _mapped(descriptor, self._shape)
        finally:
            os.close(descriptor)

    def __getstate__(self) -> dict[str, Any]:
        """Give the descriptor to whoever unpickles this."""
        return {"_shape": self._shape, "_file": self._file and DupFd(self._file.fileno())}


def _mapped(descriptor: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.frombuffer(mmap.mmap(descriptor, int(np.prod(shape))), np.uint8).reshape(shape)
