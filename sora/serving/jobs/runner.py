"""The threads of a worker process that run jobs."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from sora.errors import SoraError, VideoError
from sora.serving.jobs.job import CancelledError
from sora.serving.jobs.store import JobStore
from sora.serving.jobs.table import Attempt

OnProgress: TypeAlias = Callable[[float], None]
Run: TypeAlias = Callable[[str, Path, dict[str, Any], OnProgress], dict[str, Any]]

UNEXPECTED = "an unexpected error; see the server log"
_POLL_SECONDS = 0.5
_REPORT_SECONDS = 0.5
_SWEEP_SECONDS = 60.0
_RENEWALS = 4  # within one lease

_log = logging.getLogger(__name__)


class JobRunner:
    """Takes jobs from a store and runs them, one in each thread.

    Args:
        store: shared with the other workers.
        run: called with the task, the video, the options and ``on_progress``; gives the result. What it
            writes beside the video are the job's files. Between its steps it calls ``on_progress`` with what
            is done, in [0, 1], which raises CancelledError when nobody wants the job any more.
        num_threads: how many jobs run at once.
    """

    def __init__(self, store: JobStore, run: Run, num_threads: int = 1) -> None:
        self._store = store
        self._run = run
        self._held: dict[str, Attempt] = {}
        self._taking = threading.Lock()
        self._stopping = threading.Event()
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(num_threads)]
        self._heart = threading.Thread(target=self._beat, daemon=True)

    def start(self) -> None:
        """Begin to run jobs."""
        for thread in [*self._threads, self._heart]:
            thread.start()

    def stop(self, finish: bool = True, timeout_seconds: float | None = None) -> None:
        """Take no more jobs. Those that run are waited for, or given back to the queue at once.

        Args:
            finish: wait for them.
            timeout_seconds: wait at most as long, then give them back; None: as long as it takes.
        """
        with self._taking:
            self._stopping.set()
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        if finish:
            for thread in self._threads:
                thread.join(None if deadline is None else max(deadline - time.monotonic(), 0))
        for attempt in list(self._held.values()):
            self._store.table.give_back(attempt)
        self._stopped.set()
        self._heart.join()

    def _work(self) -> None:
        next_sweep = 0.0
        while not self._stopping.is_set():
            try:
                if time.monotonic() >= next_sweep:
                    next_sweep = time.monotonic() + _SWEEP_SECONDS
                    self._store.sweep()
                if not self._run_next():
                    self._stopping.wait(_POLL_SECONDS)
            except (SoraError, OSError):  # the disk is full, say; what was under way is taken again
                _log.exception("jobs cannot go on now")
                self._stopping.wait(_POLL_SECONDS)

    def _run_next(self) -> bool:
        """Run the next job; return whether there was one."""
        with self._taking:  # so that nothing is taken behind the back of stop
            attempt = None if self._stopping.is_set() else self._store.table.take()
            if attempt is None:
                return False
            self._held[attempt.holder] = attempt
        try:
            self._try(attempt)
        finally:
            del self._held[attempt.holder]
        self._store.leave(attempt)
        return True

    def _try(self, attempt: Attempt) -> None:
        try:
            video = self._store.begin(attempt)
            on_progress = _reporter(self._store, attempt)
            self._store.finish(attempt, self._run(attempt.task, video, attempt.options, on_progress))
        except CancelledError:
            _log.info("job %s: no longer wanted here", attempt.job_id)
        except VideoError as error:
            self._store.table.fail(attempt, str(error))
        except Exception:
            if self._store.table.fail(attempt, UNEXPECTED):  # else its video was taken away
                _log.exception("job %s (%s) failed", attempt.job_id, attempt.task)

    def _beat(self) -> None:
        """Give signs of life, so that no other worker takes what runs here."""
        while not self._stopped.wait(self._store.rules.lease_seconds / _RENEWALS):
            try:
                self._store.table.renew(list(self._held.values()))
            except SoraError:
                _log.exception("jobs can give no sign of life now")


def _reporter(store: JobStore, attempt: Attempt) -> OnProgress:
    """Return what a task calls between its steps. Progress is written now and then, and never goes back."""
    most, next_report = 0.0, 0.0

    def on_progress(progress: float) -> None:
        nonlocal most, next_report
        if not store.table.is_held(attempt):
            raise CancelledError
        if progress > most and time.monotonic() >= next_report:
            most, next_report = min(progress, 1.0), time.monotonic() + _REPORT_SECONDS
            store.table.report(attempt, most)

    return on_progress
