"""What a job is, and what bounds jobs."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

Status: TypeAlias = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True)
class Job:
    """A job as it stands.

    Attributes:
        job_id: hexadecimal, not to be guessed.
        task: what is to be done with the video.
        options: of the task; values that JSON knows.
        status: queued, running, done, failed or cancelled.
        progress: in [0, 1].
        submitted, started, finished: ISO 8601 in UTC; empty: not yet.
        error: why it failed, or empty.
        num_attempts: how often a worker has begun it.
    """

    job_id: str
    task: str
    options: dict[str, Any]
    status: Status
    progress: float
    submitted: str
    started: str
    finished: str
    error: str
    num_attempts: int

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status not in ("queued", "running")

    def as_json(self) -> dict[str, Any]:
        """Return what the service tells of it."""
        told = {name: getattr(self, name) for name in ("job_id", "task", "status", "progress", "submitted")}
        known = {name: getattr(self, name) for name in ("started", "finished", "error")}
        return told | {name: value for name, value in known.items() if value}


@dataclass(frozen=True)
class JobRules:
    """What bounds jobs; the same for all workers that share them.

    Attributes:
        max_waiting: how many may wait; more are refused.
        max_attempts: as often a job is begun again when its worker has died.
        lease_seconds: a worker that has given no sign of life for so long is taken for dead.
        keep_seconds: how long results and files are kept.
        max_kept_bytes: how much all of them may take; the oldest go first.
        one_at_a_time: tasks of which, taken together, only one runs at a time, so that others need not wait.
    """

    max_waiting: int = 32
    max_attempts: int = 3
    lease_seconds: float = 15.0
    keep_seconds: float = 86_400.0
    max_kept_bytes: int = 4 * 2**30
    one_at_a_time: tuple[str, ...] = ()


class CancelledError(Exception):
    """Nobody wants the job from this worker any more: it was cancelled, given back, or another has it."""


def iso_time(seconds: float | None) -> str:
    """Return seconds since 1970 as ISO 8601 in UTC; None as nothing."""
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
