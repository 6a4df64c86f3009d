"""The pipeline under Prefect: `python -m flows.pipeline` runs the stages of dvc.yaml in the current folder.

Prefect gives order, retries and visibility: one task run per stage, named after it. DVC decides what has
to run: a stage that it skips ends in the state Cached, with DVC's words as the message.
"""

import argparse
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

# What Prefect reads from the environment when it is imported. Leases on disk outlive a temporary server that
# is killed, so that its slot is given back.
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault(
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE", "prefect.server.concurrency.lease_storage.filesystem"
)
os.environ.setdefault("DVC_NO_ANALYTICS", "1")

from prefect import flow, get_client, get_run_logger, task
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.client.schemas.objects import State, TaskRun
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.states import Completed
from prefect.tasks import Task

from flows.dvc_stage import StageError, TemporaryStageError, outcome_of, repro_lines
from sora.stages import STAGES

WRITER_LIMIT = "sora-writer"
LEASE_SECONDS = 60.0  # how long the slot of a run that was killed stays taken (Prefect's minimum)
NUM_RETRIES = 2
RETRY_DELAY_SECONDS = 10.0


def can_retry(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Whether a failed stage gave a reason to try again."""
    return isinstance(state.result(raise_on_failure=False), TemporaryStageError)


@task(retries=NUM_RETRIES, retry_condition_fn=can_retry, persist_result=False)
def run_stage(stage: str, with_upstream: bool = False) -> State[Any]:
    """Bring one DVC stage up to date, its output going to the run's log.

    Args:
        stage: the stage's name in dvc.yaml.
        with_upstream: whether the stages that it depends on run too.

    Returns:
        Completed, under the name Cached where DVC had nothing to run, with DVC's words as its message.

    Raises:
        StageError: the stage failed, in its own words.
    """
    lines: list[str] = []
    exit_code: list[int] = []
    for line in repro_lines(stage, with_upstream, exit_code):
        get_run_logger().info("%s", line)
        lines.append(line)
    outcome = outcome_of(stage, lines, exit_code[0])
    return Completed(name="Cached" if outcome.skipped else None, message=outcome.message)


@flow(name="sora-pipeline", persist_result=False)
def pipeline(retry_delay_seconds: float = RETRY_DELAY_SECONDS) -> State[Any]:
    """Bring every stage of dvc.yaml in the current folder up to date, in order, as the only run that writes.

    Args:
        retry_delay_seconds: the pause before a stage that asked for it is tried again.

    Raises:
        StageError: a stage failed, in its own words.
    """
    with only_writer():
        for stage in STAGES:
            run = run_stage.with_options(task_run_name=stage, retry_delay_seconds=retry_delay_seconds)
            run(stage, with_upstream=stage == STAGES[0])
    return Completed(message=f"{len(STAGES)} stages are up to date")


@contextmanager
def only_writer() -> Iterator[None]:
    """Hold the one slot for writing; wait for it, and say so, while another run holds it.

    The slot is a lease: it frees itself soon after its holder was killed. A holder that cannot renew its
    lease is cancelled, for another run may start to write.
    """
    if _num_writers():
        get_run_logger().info("Waiting: another run is writing (concurrency limit %r)", WRITER_LIMIT)
    with concurrency(WRITER_LIMIT, occupy=1, lease_duration=LEASE_SECONDS, strict=True):
        yield


def _num_writers() -> int:
    """How many runs hold the limit, which is created where it is missing."""
    with get_client(sync_client=True) as client:
        try:
            return client.read_global_concurrency_limit_by_name(WRITER_LIMIT).active_slots
        except ObjectNotFound:
            with suppress(ObjectAlreadyExists):  # another run has just created it
                client.create_global_concurrency_limit(
                    GlobalConcurrencyLimitCreate(name=WRITER_LIMIT, limit=1)
                )
            return 0


def _without_traceback(record: logging.LogRecord) -> bool:
    """A log filter: a failed stage has said why in one line, and our own call stack adds nothing to it."""
    if record.exc_info and isinstance(record.exc_info[1], StageError):
        record.exc_info = None
    return True


def main() -> int:
    """Run the pipeline; return 0, or 1 with the reason in one line on stderr."""
    parser = argparse.ArgumentParser("python -m flows.pipeline", description=pipeline.description)
    parser.add_argument("--retry-delay-seconds", type=float, default=RETRY_DELAY_SECONDS)
    arguments = parser.parse_args()
    try:
        pipeline(arguments.retry_delay_seconds)
    except StageError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


for _name in ("prefect.flow_runs", "prefect.task_runs"):
    logging.getLogger(_name).addFilter(_without_traceback)

if __name__ == "__main__":
    sys.exit(main())
