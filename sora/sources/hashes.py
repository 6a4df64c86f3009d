"""Content hashes of files, remembered while a file stays as it is."""

import hashlib
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

from pydantic import TypeAdapter, ValidationError

from sora.atomic import write_json

# A file may change twice within one tick of its clock; what was written this lately is read again
# (git's "racy" entries, Documentation/technical/racy-git.txt).
_SETTLED_NS = 2_000_000_000

Identity: TypeAlias = list[int]  # size, mtime and ctime in nanoseconds, inode
Memory: TypeAlias = dict[str, tuple[Identity, str]]  # with the SHA-256, by path


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_hashes(paths: Iterable[Path], memory: Path) -> dict[Path, str]:
    """Return the SHA-256 of each file; one that is as ``memory`` remembers it is not read.

    ``memory`` is a JSON file of this machine, rewritten for exactly these files. It decides no result:
    without it, or with a damaged one, every file is read.
    """
    wanted = list(dict.fromkeys(paths))
    known = _recall(memory)
    with ThreadPoolExecutor() as pool:
        found = dict(zip(wanted, pool.map(lambda path: _hash(path, known), wanted), strict=True))
    settled = {path.as_posix(): (seen, digest) for path, (seen, digest) in found.items() if seen}
    if settled != known:
        write_json(memory, settled)
    return {path: digest for path, (_, digest) in found.items()}


def _hash(path: Path, known: Memory) -> tuple[Identity | None, str]:
    """Return the hash, and what the file looked like if that may be trusted next time."""
    before = _identity(path)
    seen, digest = known.get(path.as_posix(), (None, ""))
    if seen == before:
        return before, digest
    now = time.time_ns()
    digest = content_hash(path)
    settled = _identity(path) == before and max(before[1], before[2]) < now - _SETTLED_NS
    return (before if settled else None), digest


def _identity(path: Path) -> Identity:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _recall(memory: Path) -> Memory:
    try:
        return TypeAdapter(Memory).validate_json(memory.read_bytes())
    except (FileNotFoundError, ValidationError):
        return {}
