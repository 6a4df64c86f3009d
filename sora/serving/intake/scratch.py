"""Temporary files of one worker process, gone when done with or, after a kill, at the next start."""

import errno
import re
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from sora.serving.locking import locked
from sora.serving.overload import FullError

_LOCK = ".lock"
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_RETRY_SECONDS = 5


class TemporaryFile:
    """A file that is being filled.

    Attributes:
        path: where it is; whole up to the last ``write``. It may be moved away.
        num_bytes: how much was written.
    """

    def __init__(self, path: Path, file: BinaryIO, reserve: Callable[[int], None]) -> None:
        self.path = path
        self.num_bytes = 0
        self._file = file
        self._reserve = reserve

    def write(self, data: bytes) -> None:
        """Append ``data``.

        Raises:
            FullError: the folder's limit is reached, or the disk is full.
        """
        self._reserve(len(data))
        self.num_bytes += len(data)
        try:
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            raise FullError("the disk of the server is full; try again later", _RETRY_SECONDS) from error


class Scratch:
    """A folder for the temporary files of this process; those of processes that have died are removed.

    A lock on a file in the folder tells the living from the dead, for the system releases it however its
    holder ends. Forked children hold it too, so they must not outlive their parent by long.

    Args:
        root: holds a folder for each worker process.
        max_bytes: at most as much is written at a time by this process.
    """

    def __init__(self, root: Path, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._num_bytes = 0
        self._counting = threading.Lock()
        self._held = ExitStack()
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(root / _LOCK):  # nobody takes a folder that is just being made for a dead one's
            _sweep(root)
            self.folder = root / secrets.token_hex(8)
            self.folder.mkdir(mode=0o700)
            self._held.enter_context(locked(self.folder / _LOCK))

    @contextmanager
    def file(self, name: str = "") -> Iterator[TemporaryFile]:
        """Yield a new, empty file, and remove it whatever happens.

        Args:
            name: what the client calls it; nothing is taken of it but an ordinary suffix.
        """
        path = self.folder / f"{secrets.token_hex(8)}{plain_suffix(name)}"
        with path.open("xb") as opened:
            temporary = TemporaryFile(path, opened, self._reserve)
            try:
                yield temporary
            finally:
                path.unlink(missing_ok=True)
                self._release(temporary.num_bytes)

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)  # what is still being written goes with the next start
        self._held.close()

    def _reserve(self, num_bytes: int) -> None:
        with self._counting:
            if self._num_bytes + num_bytes > self._max_bytes:
                message = f"more than {self._max_bytes} bytes of uploads at a time; try again later"
                raise FullError(message, _RETRY_SECONDS)
            self._num_bytes += num_bytes

    def _release(self, num_bytes: int) -> None:
        with self._counting:
            self._num_bytes -= num_bytes


def plain_suffix(name: str) -> str:
    """Return the suffix of a file's name in lower case, or nothing where it is no ordinary one."""
    stem, dot, suffix = name.lower().rpartition(".")
    return dot + suffix if stem and _SUFFIX.fullmatch(dot + suffix) else ""


def _sweep(root: Path) -> None:
    for folder in root.iterdir():
        if folder.is_dir() and _is_dead(folder):
            shutil.rmtree(folder)


def _is_dead(folder: Path) -> bool:
    try:
        with locked(folder / _LOCK, wait=False):
            return True
    except BlockingIOError:
        return False
