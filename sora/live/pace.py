"""When things happen: the frames of a file, and the next try to reach a lost source."""

import random
from collections.abc import Iterator

from sora.live.clock import Clock

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0


class Pace:
    """Lets frames through when they are due, counted from the first: a late one makes none after it late."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start: float | None = None

    def wait_for(self, time_seconds: float) -> None:
        """Wait until a frame of that time is due; the first is due at once."""
        if self._start is None:
            self._start = self._clock.now() - time_seconds
        remaining = self._start + time_seconds - self._clock.now()
        if remaining > 0:
            self._clock.wait(remaining)


def waits(rng: random.Random) -> Iterator[float]:
    """Yield seconds to wait before each further try: twice as long each time, up to a longest.

    Each is drawn between half of that and all of it, so that many watchers do not come back together
    (Brooker, "Exponential backoff and jitter", 2015: equal jitter).
    """
    longest = FIRST_WAIT_SECONDS
    while True:
        yield rng.uniform(longest / 2, longest)
        longest = min(2 * longest, LONGEST_WAIT_SECONDS)
