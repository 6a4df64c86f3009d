"""The stages of dvc.yaml, one task run each."""

from pathlib import Path
from typing import Any

from prefect import get_run_logger, task
from prefect.client.schemas.objects import State, TaskRun
from prefect.states import Completed
from prefect.tasks import Task

from flows.dvc_stage import TemporaryStageError, outcome_of, repro_lines
from flows.one_line import tell_in_one_line
from sora.dvc_repair import repair
from sora.stages import STAGES

NUM_RETRIES = 2
RETRY_DELAY_SECONDS = 10.0

tell_in_one_line()


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


def run_stages(retry_delay_seconds: float) -> None:
    """Bring every stage up to date, in order; for a flow that is the only writer.

    What a run that was killed left half-written is put right first.

    Raises:
        StageError: a stage failed, in its own words.
    """
    for sentence in repair(Path()):
        get_run_logger().warning("%s", sentence)
    for stage in STAGES:
        run = run_stage.with_options(task_run_name=stage, retry_delay_seconds=retry_delay_seconds)
        run(stage, with_upstream=stage == STAGES[0])
