"""Every week: are the videos that the service sees still like those that its model was measured on?"""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.events import emit_event
from prefect.states import Completed

from flows.one_line import tell_in_one_line
from flows.writer import only_writer
from sora import layout
from sora.drift.alarm import MIN_EFFECT
from sora.drift.command import Request, write_drift
from sora.drift.compare import ALPHA
from sora.drift.journal import Window
from sora.serving.observing.journal import JOURNAL
from sora.serving.settings import read_settings

LIMIT_SECONDS = 3600
ALARM = "sora.drift.alarm"  # prefect.yaml has the nightly run start at this event

tell_in_one_line()


@flow(name="sora-drift", timeout_seconds=LIMIT_SECONDS, persist_result=False)
def drift(
    journal: str = "", days: float = 7, alpha: float = ALPHA, min_effect: float = MIN_EFFECT
) -> State[Any]:
    """Compare what the service saw lately with the project's test videos; over the threshold, emit an event.

    Args:
        journal: of the service's observations; empty: the one in its folder of state (SORA_STATE).
        days: how far back.
        alpha: share of false alarms.
        min_effect: smallest effect that is worth an alarm, in [0, 1].

    Returns:
        Completed, named Drift or No drift, with the figures as its message.

    Raises:
        SoraError: nothing was observed, or there is nothing to compare it with.
    """
    with only_writer():
        record = look_for_drift(Path(journal) if journal else served_journal(), days, alpha, min_effect)
    raised = record["alarm"]
    if raised["is_raised"]:
        emit_event(ALARM, resource_of(Path.cwd()), payload=raised)
    return Completed(name="Drift" if raised["is_raised"] else "No drift", message=" ".join(record["says"]))


@task(task_run_name="look for drift", persist_result=False)
def look_for_drift(journal: Path, days: float, alpha: float, min_effect: float) -> dict[str, Any]:
    """Write the page and the figures of drift; publish what they say, and return the figures."""
    since = datetime.now(UTC) - timedelta(days=days)
    request = Request((journal,), Window(since=since), alpha=alpha, min_effect=min_effect)
    says, page = write_drift(request, layout.DRIFT)
    text = "\n\n".join([*says, f"The page with pictures is `{page.resolve()}` on the machine of the worker."])
    create_markdown_artifact(text, key="sora-drift", description=f"Drift in the last {days:g} days")
    return dict(json.loads((layout.DRIFT / "drift.json").read_text(encoding="utf-8")))


def served_journal() -> Path:
    """Return the journal of the service on this machine."""
    return read_settings(os.environ).state / JOURNAL


def resource_of(project: Path) -> dict[str, str]:
    """Return a project as Prefect's events name it."""
    return {
        "prefect.resource.id": f"sora.project.{project.name}",
        "prefect.resource.name": project.name,
        "sora.project.folder": str(project),
    }
