"""Append-only files of JSON lines: what was acknowledged is on the disk, whatever happens next."""

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from sora.errors import SoraError

Record: TypeAlias = dict[str, Any]


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


def append_record(path: Path, decide: Callable[[list[Record]], Record | None]) -> Record | None:
    """Append what ``decide`` makes of the records that are there; None appends nothing.

    Processes and threads may append at once: ``decide`` sees all that stands before its own line. On return
    the line is on the disk.

    Raises:
        SoraError: the journal is damaged, or ``decide`` raises it; nothing is written then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # until it is closed
        file.seek(0)
        data = file.read()
        record = decide(_records(path, data))
        if record is not None:
            file.truncate(data.rfind(b"\n") + 1)  # what a crash left of a line
            line = json.dumps(record, allow_nan=False)  # ASCII: file names may be no text at all
            file.write(line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
            _sync_folder(path.parent)
    return record


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


def _sync_folder(folder: Path) -> None:
    """Make the name of a new file durable too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
