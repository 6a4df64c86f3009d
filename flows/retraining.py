"""A candidate: trained, measured, and judged against the model that serves."""

from getpass import getuser
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.pages import publish_decision, publish_measures
from flows.stage_runs import run_stages
from sora.params import read_section
from sora.registry.gate import Rules
from sora.registry.promotion import Outcome, Wish
from sora.registry.promotion import promote as promote_candidate

STATE_NAMES = {"promoted": "Promoted", "rejected": "Rejected", "serving already": "Serving already"}


def retrain(retry_delay_seconds: float) -> State[Any]:
    """Run the stages, and let the model that comes out serve if the gate lets it pass.

    For a flow that is the only writer. A candidate that is rejected is no failure: it was this run's work to
    find out, and its state says why.

    Returns:
        Completed, named Promoted, Rejected or Serving already.

    Raises:
        SoraError: a stage failed, or nothing could be promoted; the model that served serves on.
    """
    run_stages(retry_delay_seconds)
    publish_measures(Path())
    outcome = promote()
    return Completed(name=STATE_NAMES[outcome.status], message=message_of(outcome))


@task(task_run_name="promote", persist_result=False)
def promote() -> Outcome:
    """Have the gate judge the model that is here, and promote it if it passes; publish what was said."""
    outcome = promote_candidate(Path(), read_section("gate", Rules), Wish(f"{getuser()} through Prefect"))
    for sentence in outcome.behind:
        get_run_logger().warning("%s", sentence)
    publish_decision(outcome)
    return outcome


def message_of(outcome: Outcome) -> str:
    """Return what became of a candidate, in one line."""
    if outcome.status == "rejected":
        return f"{outcome.version} was rejected, and is kept in {outcome.folder}: " + "; ".join(
            outcome.decision.reasons
        )
    return f"{outcome.version} serves" + (" already" if outcome.status == "serving already" else "")
