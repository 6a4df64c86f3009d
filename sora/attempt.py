"""One item of work, and what came of it; light to import, for every child process pays."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sora.errors import VideoError


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
