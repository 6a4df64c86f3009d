"""The SQLite table of jobs: who may do what with which, in transactions of one or two statements."""

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sora.errors import SoraError
from sora.serving.jobs.job import Job, JobRules, iso_time
from sora.serving.locking import locked
from sora.serving.overload import FullError

_BUSY_SECONDS = 30
_RETRY_SECONDS = 30
_ROW_BYTES = 4096  # what a job takes that has left no file
# The holder is the attempt that may change a running job; when it has ended well, the name of its folder.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    task TEXT NOT NULL,
    options TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'queued',
    progress REAL NOT NULL DEFAULT 0,
    submitted REAL NOT NULL,
    started REAL,
    finished REAL,
    error TEXT NOT NULL DEFAULT '',
    num_attempts INTEGER NOT NULL DEFAULT 0,
    holder TEXT NOT NULL DEFAULT '',
    seen REAL NOT NULL DEFAULT 0,
    num_bytes INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS jobs_by_status ON jobs (status);
"""
_COLUMNS = "id, task, options, status, progress, submitted, started, finished, error, num_attempts, holder"
# Without a sign of life for too long, or with one from a future that a corrected clock has left behind.
_IS_DEAD = "status = 'running' AND abs(:now - seen) > :lease"
# A task that takes all cores for hours leaves the other workers to the short ones.
_IS_NEXT = f"""(status = 'queued' AND (
    task NOT IN (SELECT value FROM json_each(:alone)) OR NOT EXISTS (
        SELECT 1 FROM jobs WHERE status = 'running' AND task IN (SELECT value FROM json_each(:alone))
    )
) OR {_IS_DEAD})"""
_IS_HELD = "id = :id AND holder = :holder AND status = 'running'"
_HAS_ENDED = "status IN ('done', 'failed', 'cancelled')"


@dataclass(frozen=True)
class Attempt:
    """One worker's attempt at a job."""

    job_id: str
    holder: str
    task: str
    options: dict[str, Any]


@dataclass(frozen=True)
class Row:
    """A job, and the name of the attempt that holds it."""

    job: Job
    holder: str

    @property
    def attempt(self) -> Attempt:
        """The attempt that holds it."""
        return Attempt(self.job.job_id, self.holder, self.job.task, self.job.options)


class JobTable:
    """The jobs in one SQLite file; any number of processes and threads may use it.

    Raises:
        SoraError: from every method, where SQLite cannot use the file.
    """

    def __init__(self, path: Path, rules: JobRules) -> None:
        self._path = path
        self._rules = rules
        self._lock = threading.RLock()
        with self._told(), locked(path.with_name(f".{path.name}.lock")):  # one at a time turns WAL on
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.executescript(_SCHEMA)

    def require_room(self) -> None:
        """Refuse another job where too many wait.

        Raises:
            FullError: so it is.
        """
        (count,) = self._rows("SELECT count(*) FROM jobs WHERE status = 'queued'")[0]
        if count >= self._rules.max_waiting:
            raise FullError(f"{count} jobs wait already; try again later", _RETRY_SECONDS)

    def insert(self, job_id: str, task: str, options: dict[str, Any]) -> Job:
        """Let a job wait; return it.

        Raises:
            FullError: too many wait.
        """
        values = {"id": job_id, "task": task, "options": json.dumps(options, allow_nan=False)}
        with self._transaction():
            self.require_room()
            (row,) = self._rows(
                f"""INSERT INTO jobs (id, task, options, submitted) VALUES (:id, :task, :options, :now)
                RETURNING {_COLUMNS}""",
                values,
            )
        return _row(row).job

    def row(self, job_id: str) -> Row | None:
        """Return a job, if there is one of this id."""
        if not job_id.isascii():  # SQLite takes no halves of characters
            return None
        rows = self._rows(f"SELECT {_COLUMNS} FROM jobs WHERE id = :id", {"id": job_id})
        return _row(rows[0]) if rows else None

    def rows(self) -> list[Row]:
        """Return all jobs."""
        return [_row(values) for values in self._rows(f"SELECT {_COLUMNS} FROM jobs")]

    def cancel(self, job_id: str) -> None:
        """Cancel a job that has not ended."""
        self._rows(
            f"UPDATE jobs SET status = 'cancelled', finished = :now WHERE id = :id AND NOT {_HAS_ENDED}",
            {"id": job_id},
        )

    def take(self) -> Attempt | None:
        """Give the oldest job that waits, or whose worker has died, to the caller alone."""
        if not self._rows(f"SELECT 1 FROM jobs WHERE {_IS_NEXT} LIMIT 1"):
            return None  # without a lock
        with self._transaction():
            self._fail_hopeless()
            rows = self._rows(
                f"""UPDATE jobs SET status = 'running', progress = 0, holder = :holder, seen = :now,
                    num_attempts = num_attempts + 1, started = coalesce(started, :now)
                WHERE number = (
                    SELECT number FROM jobs WHERE {_IS_NEXT} ORDER BY number LIMIT 1
                ) RETURNING {_COLUMNS}""",
                {"holder": secrets.token_hex(8)},
            )
        return _row(rows[0]).attempt if rows else None

    def give_back(self, attempt: Attempt) -> None:
        """Let a job wait again; this attempt does not count."""
        self._change(attempt, "status = 'queued', holder = '', progress = 0, num_attempts = num_attempts - 1")

    def renew(self, attempts: Iterable[Attempt]) -> None:
        """Give a sign of life."""
        for attempt in attempts:
            self._change(attempt, "seen = :now")

    def is_held(self, attempt: Attempt) -> bool:
        """Whether the job is still this attempt's."""
        return bool(self._rows(f"SELECT 1 FROM jobs WHERE {_IS_HELD}", _name(attempt)))

    def report(self, attempt: Attempt, progress: float) -> None:
        """Set the progress, in [0, 1]."""
        self._change(attempt, "progress = :progress", {"progress": progress})

    def finish(self, attempt: Attempt, num_bytes: int) -> bool:
        """Set a job to done, if it is still this attempt's; return whether it was."""
        changed = "status = 'done', progress = 1, finished = :now, num_bytes = :num_bytes"
        return self._change(attempt, changed, {"num_bytes": num_bytes})

    def fail(self, attempt: Attempt, reason: str) -> bool:
        """Set a job to failed, if it is still this attempt's; return whether it was."""
        return self._change(attempt, "status = 'failed', finished = :now, error = :error", {"error": reason})

    def forget(self) -> list[str]:
        """Remove jobs that ended too long ago, and the oldest beyond the room; return their ids."""
        rows = self._rows(
            f"""DELETE FROM jobs WHERE {_HAS_ENDED} AND (finished < :now - :keep OR number IN (
                SELECT number FROM (
                    SELECT number, sum(num_bytes + {_ROW_BYTES})
                        OVER (ORDER BY finished DESC, number DESC) AS total
                    FROM jobs WHERE {_HAS_ENDED}
                ) WHERE total > :room
            )) RETURNING id""",
            {"keep": self._rules.keep_seconds, "room": self._rules.max_kept_bytes},
        )
        return [job_id for (job_id,) in rows]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _fail_hopeless(self) -> None:
        reason = f"its worker died {self._rules.max_attempts} times; this video may be what ends it"
        self._rows(
            f"""UPDATE jobs SET status = 'failed', finished = :now, error = :error
            WHERE {_IS_DEAD} AND num_attempts >= :max_attempts""",
            {"error": reason, "max_attempts": self._rules.max_attempts},
        )

    def _change(self, attempt: Attempt, assignments: str, values: dict[str, Any] | None = None) -> bool:
        named = {**_name(attempt), **(values or {})}
        return bool(self._rows(f"UPDATE jobs SET {assignments} WHERE {_IS_HELD} RETURNING number", named))

    def _rows(self, statement: str, values: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        rules = {"lease": self._rules.lease_seconds, "alone": json.dumps(self._rules.one_at_a_time)}
        named = {"now": time.time(), **rules, **(values or {})}
        with self._lock, self._told():
            return self._connection.execute(statement, named).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:  # of all threads, for they share the connection
            self._rows("BEGIN IMMEDIATE")
            try:
                yield
                self._rows("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._rows("ROLLBACK")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in words what SQLite complains of."""
        try:
            yield
        except sqlite3.Error as error:
            raise SoraError(
                f"{self._path}: SQLite cannot use it ({error}); if it is damaged, delete it"
            ) from error


def _name(attempt: Attempt) -> dict[str, Any]:
    return {"id": attempt.job_id, "holder": attempt.holder}


def _row(values: tuple[Any, ...]) -> Row:
    row = dict(zip(_COLUMNS.split(", "), values, strict=True))
    job = Job(
        job_id=row["id"],
        task=row["task"],
        options=json.loads(row["options"]),
        status=row["status"],
        progress=row["progress"],
        submitted=iso_time(row["submitted"]),
        started=iso_time(row["started"]),
        finished=iso_time(row["finished"]),
        error=row["error"],
        num_attempts=row["num_attempts"],
    )
    return Row(job, row["holder"])
