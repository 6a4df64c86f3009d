"""Moving files so that a kill at any moment leaves them in one place at least, and whole."""

import shutil
from pathlib import Path
from typing import TypeAlias

from sora.atomic import sync
from sora.sources.hashes import content_hash

_HASH_CHARACTERS = 8

Identity: TypeAlias = tuple[int, int, int, int]


def identity(file: Path) -> Identity:
    """Return what is different for a file that was changed or replaced."""
    state = file.stat()
    return state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns


def free_place(target: Path, digest: str) -> Path:
    """Return ``target``, or where another content lies there the same with some of the hash in its name."""
    if not target.exists() or content_hash(target) == digest:
        return target
    return target.with_stem(f"{target.stem}-{digest[:_HASH_CHARACTERS]}")


def copy_durably(file: Path, target: Path, expected_hash: str, scratch: Path) -> bool:
    """Copy a file; ``target`` appears whole, on the disk, or not at all. False: the file is not what it was.

    Args:
        file: that is copied.
        target: where to; a file that is there already is left, for it is of an interrupted run.
        expected_hash: SHA-256 of the content.
        scratch: a file of the same file system for what is not whole yet.
    """
    if target.exists():
        return content_hash(target) == expected_hash
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, scratch)
    if content_hash(scratch) != expected_hash:
        scratch.unlink()
        return False
    sync(scratch)
    scratch.replace(target)
    sync(target.parent)
    sync(target.parent.parent)
    return True


def remove_if_unchanged(file: Path, seen: Identity) -> None:
    """Remove a file that is in another place by now, unless somebody has put another in its place."""
    if file.exists() and identity(file) == seen:
        file.unlink()
        sync(file.parent)
