"""Time, so that tests can bring their own."""

import threading
import time


class Clock:
    """The machine's monotonic clock, whose waits can be cut short."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def now(self) -> float:
        """Return seconds from some moment on."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Wait, unless ``stop`` is called."""
        self._stopped.wait(seconds)

    def stop(self) -> None:
        """End this wait and all to come."""
        self._stopped.set()

    @property
    def is_stopped(self) -> bool:
        """Whether ``stop`` was called."""
        return self._stopped.is_set()
