"""What a DVC that was killed left half-written, put right.

DVC writes dvc.lock and its table of locks in place, so that a kill, or a full disk, in the midst of that
leaves the beginning of a file, which DVC itself refuses to read. Its other locks end with their process.
"""

import fcntl
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from sora.atomic import write_text

_LOCKS = Path("dvc.lock"), Path("data/dvc.lock"), Path("models/upscaler/dvc.lock")
_OWN = Path(".dvc/tmp")
_CONFLICT = re.compile(r"^(<<<<<<<|>>>>>>>) ", re.MULTILINE)
_STAGE = re.compile(r"^  \S.*:\n", re.MULTILINE)


def repair(project: Path) -> tuple[str, ...]:
    """Put right what can be; give what was done, a sentence each. Nothing is done while DVC is at work.

    What dvc.lock said of other stages stays; of those whose record is lost, DVC takes the results from its
    cache, or they are made again.
    """
    with _alone(project / _OWN / "lock") as is_alone:
        done = [_repair_lock(project / path) for path in _LOCKS] if is_alone else []
    with _alone(project / _OWN / "rwlock.lock") as is_alone:
        done += [_repair_table(project / _OWN / "rwlock")] if is_alone else []
    return tuple(filter(None, done))


def whole_stages(text: str) -> str:
    """Return what DVC can read of a dvc.lock that breaks off: all up to the last stage that is whole."""
    lines = text[: text.rfind("\n") + 1]
    if _is_whole(lines):
        return lines
    starts = [found.start() for found in _STAGE.finditer(lines)]
    return lines[: starts[-1]] if len(starts) > 1 else ""


def _is_whole(text: str) -> bool:
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA  # late: DVC is slow to import
    from voluptuous import Invalid

    try:
        COMPILED_LOCKFILE_SCHEMA(yaml.safe_load(text))
    except (yaml.YAMLError, Invalid):
        return False
    return True


def _repair_lock(path: Path) -> str:
    if not path.is_file():
        return ""
    text = path.read_text(encoding="utf-8", errors="replace")
    if _CONFLICT.search(text):
        return ""  # no kill's work: a person has to choose a side
    kept = whole_stages(text)
    if kept and kept == text:
        return ""
    if kept:
        write_text(path, kept)
    else:
        path.unlink()
    return f"{path} broke off, for DVC was killed while it wrote it: cut to the stages that are whole"


def _repair_table(path: Path) -> str:
    try:
        json.loads(path.read_bytes())
    except FileNotFoundError:
        return ""
    except ValueError:
        path.unlink()
        return f"{path} broke off, for DVC was killed while it wrote it: removed"
    return ""


@contextmanager
def _alone(lock: Path) -> Iterator[bool]:
    """Hold one of DVC's own locks; yield whether that could be done."""
    if not lock.parent.is_dir():
        yield False  # no DVC has ever run here
        return
    with lock.open("a") as file:  # as zc.lockfile does it
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
