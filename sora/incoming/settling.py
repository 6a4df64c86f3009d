"""Files that somebody still writes."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import psutil

FileId: TypeAlias = tuple[int, int]  # device and inode


def still_written(files: Iterable[Path], now: float, settle_seconds: float) -> dict[Path, str]:
    """Return why files had better be left alone for now: they changed lately, or are open for writing.

    What counts is the time of the last change of any kind (ctime): unlike that of the content it cannot be
    set, so that copies that keep the times of their originals are found too.

    Args:
        files: that are there.
        now: in seconds since 1970.
        settle_seconds: for which a file must have been left unchanged.
    """
    states = {file: file.stat() for file in files if file.exists()}  # some may just have gone
    being_written = {_file_id(path) for path in _open_for_writing()} if states else set()
    found = {}
    for file, state in states.items():
        age_seconds = now - state.st_ctime
        if 0 <= age_seconds < settle_seconds:
            found[file] = (
                f"changed {age_seconds:.0f} s ago, and waits until nothing has for {settle_seconds:g} s"
            )
        elif (state.st_dev, state.st_ino) in being_written:
            found[file] = "is still being written"
    return found


def _open_for_writing() -> Iterator[Path]:
    """Yield the files that processes have open for more than reading, as far as this user may know."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # it ended, or is another user's
            opened = process.open_files()
            yield from (Path(file.path) for file in opened if getattr(file, "mode", "w") != "r")


def _file_id(path: Path) -> FileId | None:
    with suppress(OSError):  # removed meanwhile
        state = path.stat()
        return state.st_dev, state.st_ino
    return None
