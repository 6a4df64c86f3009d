"""What passes between who reads frames and who looks at them: a few frames, never more."""

import threading
from collections import deque
from typing import NamedTuple

import numpy as np

_LOOK_SECONDS = 0.5


class LiveFrame(NamedTuple):
    """One frame of a source.

    Attributes:
        number: from 1, of all frames of the source, dropped ones included.
        connection: how often the source has been reached, from 1.
        time_seconds: from the first frame of all.
        available_seconds: when it was there, by the clock.
        picture: uint8 RGB (H, W, 3), in the size that the network asks for.
        shown: uint8 RGB in full size, or None where nobody wants to see it.
    """

    number: int
    connection: int
    time_seconds: float
    available_seconds: float
    picture: np.ndarray
    shown: np.ndarray | None = None


class Mailbox:
    """At most ``capacity`` frames, in order. A full one drops its oldest, or, if ``patient``, lets wait."""

    def __init__(self, capacity: int, *, patient: bool = False) -> None:
        self._capacity = capacity
        self._patient = patient
        self._frames: deque[LiveFrame] = deque()
        self._changed = threading.Condition()  # of a lock that a signal's handler may take again
        self._is_over = False
        self.num_seen = 0
        self.num_dropped = 0

    def put(self, frame: LiveFrame) -> None:
        """Add a frame; after the end it is lost."""
        with self._changed:
            if self._patient:
                self._changed.wait_for(lambda: len(self._frames) < self._capacity or self._is_over)
            if self._is_over:
                return
            self.num_seen += 1
            if len(self._frames) == self._capacity:
                self._frames.popleft()
                self.num_dropped += 1
            self._frames.append(frame)
            self._changed.notify_all()

    def take(self) -> LiveFrame | None:
        """Return the oldest frame, waiting for one; None: there are no more."""
        with self._changed:
            # A signal's handler may call ``stop`` just before the wait begins, whose call is then not heard.
            while not (self._frames or self._is_over):
                self._changed.wait(_LOOK_SECONDS)
            frame = self._frames.popleft() if self._frames else None
            self._changed.notify_all()
            return frame

    def has_newer(self) -> bool:
        """Whether newer frames wait that should be looked at instead; never so in a patient one."""
        return not self._patient and bool(self._frames)

    def end(self) -> None:
        """Take no more frames; those that are there can still be taken."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Take no more frames, and forget those that are there."""
        with self._changed:
            self._frames.clear()
            self.end()
