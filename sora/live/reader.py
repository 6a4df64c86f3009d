"""The thread that keeps the newest frames of a source coming, and comes back to a source that was lost."""

import random
import threading
from collections.abc import Callable, Iterator
from itertools import count

from sora.errors import VideoError
from sora.live.clock import Clock
from sora.live.mailbox import LiveFrame, Mailbox
from sora.live.pace import Pace, waits
from sora.video.live import Source, TimedPictures

Connect = Callable[[], Iterator[TimedPictures]]


class Reader:
    """Puts the frames of a source into a mailbox, from a thread of its own."""

    def __init__(
        self,
        source: Source,
        connect: Connect,
        mailbox: Mailbox,
        clock: Clock,
        *,
        paced: bool,
        tell: Callable[[str], None],
    ) -> None:
        """Start nothing yet.

        Args:
            source: a file ends at its end; anything else that ends was lost.
            connect: gives the frames of the source, from the first of a new connection on.
            mailbox: where the frames go.
            clock: stopping it ends the reader.
            paced: whether frames of a file come when they are due, not as fast as can be.
            tell: is told in a line of a source that was lost or found again.
        """
        self._source, self._connect, self._mailbox, self._clock = source, connect, mailbox, clock
        self._paced, self._tell = paced, tell
        self._thread = threading.Thread(target=self.run, daemon=True)
        self._start: float | None = None
        self.num_connections = 0
        self.error: VideoError | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and wait for it."""
        self._clock.stop()
        self._mailbox.stop()
        self._thread.join()

    def run(self) -> None:
        """Read until the file ends or the clock is stopped; ``error`` says why there was nothing to read."""
        try:
            if self._source.kind == "file":
                self._read_file()
            else:
                self._read_for_ever()
        except VideoError as error:
            self.error = error
        finally:
            self._mailbox.end()

    def _read_file(self) -> None:
        pace = Pace(self._clock)
        self.num_connections = 1
        for number, frame in enumerate(self._connect(), 1):
            if self._paced:
                pace.wait_for(frame.time_seconds)
            if self._clock.is_stopped:
                return
            self._deliver(number, frame, frame.time_seconds)

    def _read_for_ever(self) -> None:
        numbers = count(1)
        pauses = waits(random.Random())
        while not self._clock.is_stopped:
            before = self.num_connections
            try:
                self._read_connection(numbers)
            except VideoError as error:
                if not self.num_connections:  # most likely there is no such source
                    raise
                reason = str(error)
            else:
                return
            if self.num_connections > before:
                pauses = waits(random.Random())
            seconds = next(pauses)
            self._tell(f"{self._source.name}: lost ({reason}); trying again in {seconds:.1f} s")
            self._clock.wait(seconds)

    def _read_connection(self, numbers: Iterator[int]) -> None:
        offset: float | None = None
        for frame in self._connect():
            if self._clock.is_stopped:
                return
            if offset is None:
                offset = self._connected()
            self._deliver(next(numbers), frame, offset + frame.time_seconds)

    def _connected(self) -> float:
        """Count a connection; return the time of its first frame."""
        self.num_connections += 1
        if self._start is None:
            self._start = self._clock.now()
        else:
            self._tell(f"{self._source.name}: connected again")
        return self._clock.now() - self._start

    def _deliver(self, number: int, frame: TimedPictures, time_seconds: float) -> None:
        picture, *shown = frame.pictures
        self._mailbox.put(
            LiveFrame(number, self.num_connections, time_seconds, self._clock.now(), picture, *shown)
        )
