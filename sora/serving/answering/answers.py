"""Answers about videos that are known already, kept on disk for all worker processes."""

import json
import logging
import shutil
import sqlite3
import threading
import zlib
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeAlias

import diskcache
from diskcache.core import DBNAME, MODE_RAW

from sora.serving.locking import locked

Answer: TypeAlias = dict[str, Any] | bytes
_Identity: TypeAlias = tuple[int, int] | None  # device and inode of the database; None: it is not there

_LARGEST_SHARE = 8  # one answer takes at most this fraction of the room
_TIMEOUT_SECONDS = 5.0
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)  # the last: other tables
_JSON, _BYTES = b"j", b"b"
_HEAD = 5  # bytes before those of the answer
_SETTINGS = {
    "eviction_policy": "least-recently-used",
    "disk_min_file_size": 2**30,  # all values stand in the database, so that a kill leaves no files
    "sqlite_mmap_size": 0,  # a mapped file that somebody cuts short would end the process
}


class _NotOursError(Exception):
    """The database holds something that this module does not write."""


# TypeError and ValueError: what diskcache does with settings in the database that it did not write.
_DAMAGED = (_NotOursError, TypeError, ValueError)
_FAILURES = (sqlite3.DatabaseError, diskcache.Timeout, OSError, *_DAMAGED)

_log = logging.getLogger(__name__)


class Answers:
    """Answers by key: dictionaries of what JSON knows, or bytes. Those not asked for longest go first.

    Any number of threads and processes may use one folder. Where it fails, that is logged, and answers are
    worked out. A damaged database is moved aside (to ``<folder>.damaged``) and begun anew.

    Args:
        folder: of the database.
        max_bytes: its size, about.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._under_way: dict[str, Future[bytes]] = {}
        self._joining = threading.Lock()
        self._opening = threading.Lock()
        self._cache: diskcache.Cache | None = None
        self._identity: _Identity = None

    def get(self, key: str) -> Answer | None:
        """Return an answer, or None where there is none."""
        data = self._read(key)
        return None if data is None else _decoded(data)

    def put(self, key: str, answer: Answer) -> None:
        """Keep an answer; one that would take more than an eighth of the room is not kept.

        Raises:
            TypeError, ValueError: it is not what JSON knows.
        """
        self._write(key, _encoded(answer))

    def claim(self, key: str) -> bool:
        """Return whether no thread or process has claimed ``key`` before; where that is not known, yes."""
        return self._use(lambda cache: cache.add(key, _encoded({}))) is not False

    def once(self, key: str, compute: Callable[[], Answer]) -> Answer:
        """Return the answer that is there, or compute and keep it.

        Of several threads that want it at once, one computes; the others wait and get the same answer (each
        its own copy), or the same error. An error is not kept.
        """
        with self._joining:
            future = self._under_way.get(key)
            is_first = future is None
            if future is None:
                future = self._under_way[key] = Future()
        if is_first:
            self._fill(future, key, compute)
        return _decoded(future.result())

    def _fill(self, future: Future[bytes], key: str, compute: Callable[[], Answer]) -> None:
        try:
            data = self._read(key)
            if data is None:
                data = _encoded(compute())
                self._write(key, data)
            future.set_result(data)
        except BaseException as error:
            future.set_exception(error)  # whoever waits gets it, this thread too
        finally:
            with self._joining:
                del self._under_way[key]

    def _read(self, key: str) -> bytes | None:
        return self._use(lambda cache: cache.get(key))

    def _write(self, key: str, data: bytes) -> None:
        if len(data) <= self._max_bytes // _LARGEST_SHARE:
            self._use(lambda cache: cache.set(key, data))

    def _use(self, action: Callable[[diskcache.Cache], Any]) -> Any:
        """Do something with the cache; None where that fails, which is logged."""
        identity = self._found()
        try:
            return action(self._opened())
        except _FAILURES as error:
            _log.warning("%s: the stored answers cannot be used now (%s)", self._folder, error)
            if _is_damage(error):
                self._begin_anew(identity)
            return None

    def _opened(self) -> diskcache.Cache:
        """Return the cache, opened anew where its file is not the one that was opened."""
        with self._opening:
            if self._cache is None or self._identity != self._found():
                with self._alone():
                    settings = {**_SETTINGS, "size_limit": self._max_bytes}
                    self._cache = diskcache.Cache(self._folder, _TIMEOUT_SECONDS, _PlainDisk, **settings)
                self._identity = self._found()
            return self._cache

    def _begin_anew(self, identity: _Identity) -> None:
        """Move the database aside, unless another thread or process has put another in its place."""
        aside = self._folder.with_name(f"{self._folder.name}.damaged")
        with self._opening, self._alone():
            self._cache = None
            if identity is not None and identity == self._found():
                shutil.rmtree(aside, ignore_errors=True)
                self._folder.rename(aside)
                _log.warning("%s: is damaged; moved to %s, and begun anew", self._folder, aside)

    def _found(self) -> _Identity:
        try:
            status = (self._folder / DBNAME).stat()
        except FileNotFoundError:
            return None
        return status.st_dev, status.st_ino

    def _alone(self) -> AbstractContextManager[None]:
        """Return a lock between processes, which lies beside the folder."""
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        return locked(self._folder.with_name(f".{self._folder.name}.lock"))


class _PlainDisk(diskcache.Disk):
    """Reads and writes bytes in the database under text keys; what is pickled or in a file is not touched."""

    def put(self, key: Any) -> tuple[str, bool]:
        if not isinstance(key, str):
            raise TypeError(f"expected text as key, got {type(key).__name__}")
        return key, True

    def get(self, key: Any, raw: bool) -> str:
        if not raw or not isinstance(key, str):
            raise _NotOursError("a key is not text")
        return key

    def store(self, value: Any, read: bool, key: Any = None) -> tuple[int, int, None, sqlite3.Binary]:
        if read or not isinstance(value, bytes):
            raise TypeError(f"expected bytes, got {type(value).__name__}")
        return 0, MODE_RAW, None, sqlite3.Binary(value)

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> bytes:
        if mode != MODE_RAW or filename is not None or not isinstance(value, bytes):
            raise _NotOursError("a value is not plain bytes")
        if _checksum(value[_HEAD:]) != value[1:_HEAD]:
            raise _NotOursError("a value is not as it was written")
        return value

    def remove(self, file_path: str) -> None:
        """Remove nothing: no value has a file."""


def _encoded(answer: Answer) -> bytes:
    """Return an answer as a letter for its kind, a checksum, and its bytes."""
    if isinstance(answer, bytes):
        return _BYTES + _checksum(answer) + answer
    data = json.dumps(answer, ensure_ascii=False, allow_nan=False).encode()
    return _JSON + _checksum(data) + data


def _decoded(data: bytes) -> Answer:
    return data[_HEAD:] if data[:1] == _BYTES else json.loads(data[_HEAD:])


def _checksum(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4)


def _is_damage(error: Exception) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE
    return isinstance(error, _DAMAGED)
