"""The journal of observations: written behind the requests, and never larger than it may be."""

import logging
import queue
import threading
from contextlib import suppress
from pathlib import Path

from sora.journal import Record, append_only, older
from sora.serving.locking import locked
from sora.serving.priority import give_way

JOURNAL = "observations.jsonl"
_MAX_WAITING = 1000
_END_SECONDS = 5.0

_log = logging.getLogger(__name__)


class ObservationJournal:
    """Appends lines to ``<folder>/observations.jsonl``, which all workers share.

    What reaches the limit becomes ``observations-older.jsonl``, in place of the one before. Nothing here
    holds a request up or fails it: where the disk is full or too slow, observations are lost, and the log
    says so.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        """Start the thread that writes."""
        self._folder = folder
        self._max_bytes = max_bytes
        self._waiting: queue.Queue[Record | None] = queue.Queue(_MAX_WAITING)
        self._is_failing = False
        self._thread = threading.Thread(target=self._work, name="observations", daemon=True)
        self._thread.start()

    def add(self, record: Record) -> None:
        """Have a line written soon."""
        try:
            self._waiting.put_nowait(record)
        except queue.Full:
            self._tell("the disk is too slow")

    def close(self) -> None:
        """Write what waits, for a few seconds at most, and end."""
        with suppress(queue.Full):
            self._waiting.put(None, timeout=_END_SECONDS)
        self._thread.join(_END_SECONDS)

    def _work(self) -> None:
        give_way()
        while (record := self._waiting.get()) is not None:
            try:
                self._append(record)
                self._is_failing = False
            except OSError as error:
                self._tell(str(error))

    def _append(self, record: Record) -> None:
        path = self._folder / JOURNAL
        with locked(self._folder / ".observations.lock"):
            if path.exists() and path.stat().st_size >= self._max_bytes:
                path.replace(older(path))
            append_only(path, record)

    def _tell(self, reason: str) -> None:
        if not self._is_failing:
            self._is_failing = True
            _log.warning("%s: observations are lost (%s)", self._folder / JOURNAL, reason)
