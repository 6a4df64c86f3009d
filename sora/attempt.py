"""One item of work, and what came of it; light to import, for every child process pays."""

import errno
import os
import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sora.errors import VideoError

# What ails a network or a shared folder: the same call may work later.
TRANSIENT = frozenset(
    {errno.EIO, errno.ETIMEDOUT, errno.ESTALE, errno.EAGAIN, errno.ECONNRESET, errno.ENETUNREACH}
)


class LostWorkerError(VideoError):
    """Workers were lost while they did this item, or others beside it."""


@dataclass(frozen=True)
class Outcome:
    """The result for one item, or the reason why there is none.

    ``seconds`` is how long the child process took, 0 if it did not live to tell; no part of equality.
    """

    value: Any
    reason: str = ""
    seconds: float = field(default=0.0, compare=False)


def attempt(function: Callable[[Any], Any], item: Any) -> Outcome:
    """Return the outcome of ``function(item)``; a ``VideoError`` becomes a reason, every other is raised."""
    start = time.monotonic()
    try:
        value, reason = function(item), ""
    except VideoError as error:
        value, reason = None, str(error)
    return Outcome(value, reason, time.monotonic() - start)


def call_in(folder: str, call: bytes) -> bytes:
    """Make a pickled call, a function and its arguments, in a folder; return the pickled result."""
    os.chdir(folder)
    function, arguments = pickle.loads(call)
    return pickle.dumps(function(*arguments), protocol=5)
