"""Append-only files of JSON lines: what was acknowledged is on the disk, whatever happens next."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path
from typing import Any, TypeAlias

from sora.atomic import sync
from sora.errors import SoraError

Record: TypeAlias = dict[str, Any]

_BLOCK_BYTES = 1 << 16


def read_records(path: Path) -> list[Record]:
    """Return all records of a journal in order; none where there is no file.

    A last line without an end was never acknowledged, and is left out.

    Raises:
        SoraError: another line is no JSON object.
    """
    try:
        return _records(path, path.read_bytes())
    except FileNotFoundError:
        return []


def older(path: Path) -> Path:
    """Return where what a journal held before lies, if it was not to grow beyond a limit."""
    return path.with_stem(f"{path.stem}-older")


def append_record(path: Path, decide: Callable[[list[Record]], Record | None]) -> Record | None:
    """Append what ``decide`` makes of the records that are there; None appends nothing.

    Processes and threads may append at once: ``decide`` sees all that stands before its own line. On return
    the line is on the disk.

    Raises:
        SoraError: the journal is damaged, or ``decide`` raises it; nothing is written then.
    """
    with _locked(path) as file:
        data = file.read()
        record = decide(_records(path, data))
        if record is not None:
            _write(file, data.rfind(b"\n") + 1, record)
            sync(path.parent)
    return record


def append_only(path: Path, record: Record) -> None:
    """Append a record without reading those that are there, however many they are.

    Processes and threads may append at once. On return the line is on the disk.
    """
    with _locked(path) as file:
        _write(file, _end_of_last_line(file), record)
        sync(path.parent)


@contextmanager
def _locked(path: Path) -> Iterator[BufferedRandom]:
    """Yield the file, at its start, which nobody else writes until it is closed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        yield file


def _write(file: BufferedRandom, end: int, record: Record) -> None:
    """Write a line at ``end``; what a crash left of another one there is cut off."""
    line = json.dumps(record, allow_nan=False)  # ASCII: file names may be no text at all
    file.truncate(end)
    file.write(line.encode() + b"\n")
    file.flush()
    os.fsync(file.fileno())


def _end_of_last_line(file: BufferedRandom) -> int:
    """Return where the last whole line ends, in bytes, looking from the end of the file."""
    end = file.seek(0, os.SEEK_END)
    while end > 0:
        start = max(end - _BLOCK_BYTES, 0)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _records(path: Path, data: bytes) -> list[Record]:
    return [_record(path, number, line) for number, line in enumerate(data.split(b"\n")[:-1], start=1)]


def _record(path: Path, number: int, line: bytes) -> Record:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise SoraError(f"{path}, line {number}: is not JSON ({error}); restore the file") from error
    if not isinstance(record, dict):
        raise SoraError(f"{path}, line {number}: expected a JSON object; restore the file")
    return record
