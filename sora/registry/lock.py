"""One writer of a registry at a time, for as long as its process lives, or the git that it started."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sora.atomic import write_text
from sora.errors import SoraError

_WAIT_SECONDS, _STEP_SECONDS = 60.0, 0.02


@contextmanager
def only_writer(registry: Path) -> Iterator[int]:
    """Hold the lock of a registry, which is made where it is missing; yield its file descriptor.

    A child process that is given the descriptor holds the lock too: one that outlives its parent keeps the
    next writer waiting until it is done. Nothing is left to unlock by hand.

    Raises:
        SoraError: another process does not finish.
    """
    registry.mkdir(parents=True, exist_ok=True)
    if not (registry / ".gitignore").exists():
        write_text(registry / ".gitignore", "*\n")  # it belongs to this machine, not to the repository
    with (registry / ".lock").open("a") as file:
        _acquire(file, registry)
        yield file.fileno()


def _acquire(file: IO[str], registry: Path) -> None:
    end = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # until it is closed
            return
        except BlockingIOError as error:
            if time.monotonic() > end:
                raise SoraError(
                    f"another process has been writing {registry} for {_WAIT_SECONDS:g} s; try again later"
                ) from error
            time.sleep(_STEP_SECONDS)
