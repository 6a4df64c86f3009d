"""What tests run in child processes."""

import errno
import os
import signal
import time
from pathlib import Path
from typing import Any

from sora.clip import CleanClip, read_clean_clip, write_clean_clip
from sora.errors import VideoError
from sora.frames.spec import ClipSpec


def job(item: object) -> object:
    if item == "bad":
        raise VideoError("is empty (0 bytes)")
    if item == "crash":
        os._exit(3)
    if item == "hang":
        time.sleep(60)
    if item == "memory":
        return len(bytearray(4 * 2**30))
    if item == "kill":
        os.kill(os.getppid(), signal.SIGKILL)
    if item == "bug":
        raise ValueError("a fault of the program")
    if isinstance(item, float):
        time.sleep(item)
    return os.getpid() if item == "pid" else (item, "done")


def same(item: object) -> object:
    return item


def read_or_crash(path: Path, spec: ClipSpec) -> CleanClip:
    if path.name == "bad.avi":
        os._exit(3)
    if path.name == "hang.avi":
        time.sleep(60)
    return read_clean_clip(path, spec)


def first_time_in_vain(mark: Path) -> str:
    """Fail as a shared folder may for a moment; ``mark`` is there from the second time on."""
    if mark.exists():
        return "done"
    mark.touch()
    raise OSError(errno.ESTALE, "Stale file handle")


def write_slowly(item: Any) -> None:
    time.sleep(0.3)
    write_clean_clip(item)
