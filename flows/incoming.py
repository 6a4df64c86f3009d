"""Every few minutes: take in new videos, and only if some came, train on them and judge the candidate."""

from collections import Counter
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.retraining import retrain
from flows.stage_runs import RETRY_DELAY_SECONDS
from flows.writer import only_writer
from sora import layout
from sora.cli.incoming import request_here, told
from sora.errors import SoraError
from sora.incoming.taking import TakenIn
from sora.incoming.taking import take_in as take_in_videos
from sora.registry.pointer import read_pointer
from sora.updating import propose_update

LIMIT_SECONDS = 12 * 3600
UNJUDGED = Path(".sora/unjudged_videos")  # there from before videos are taken in until a candidate was judged


@flow(name="sora-incoming", timeout_seconds=LIMIT_SECONDS, persist_result=False)
def incoming(retry_delay_seconds: float = RETRY_DELAY_SECONDS, by_update: bool = False) -> State[Any]:
    """Take in what lies in data/incoming and the service's feedback; if something came, retrain and promote.

    A run that was killed in between is made good by the next one. One that failed is not tried again before
    the next video comes, or the night.

    Args:
        retry_delay_seconds: the pause before a stage that asked for it is tried again.
        by_update: whether the model that serves learns what came (``sora update``), in place of a training
            from nothing.

    Returns:
        Completed, named Nothing new, Promoted, Rejected or Serving already, with the reasons as its message.

    Raises:
        SoraError: what came could not be taken in, a stage failed, or nothing could be promoted.
    """
    with only_writer():
        was_killed = UNJUDGED.exists()
        UNJUDGED.parent.mkdir(exist_ok=True)
        UNJUDGED.touch()
        try:
            done = take_in()
            has_changed = done.is_tracked is not None  # perhaps by a run that did not come this far
            if by_update and has_changed:
                start_from_what_serves()
            state = retrain(retry_delay_seconds) if has_changed or was_killed else None
        except SoraError:
            UNJUDGED.unlink()
            raise
        UNJUDGED.unlink()
    counted = summary(done)
    if state is None:
        return Completed(name="Nothing new", message=counted)
    return Completed(name=state.name, message=f"{counted}; {state.message}")


@task(task_run_name="take-in", persist_result=False)
def take_in() -> TakenIn:
    """Take in what has come, each video told in the run's log."""
    done = take_in_videos(request_here())
    for line in told(done):
        get_run_logger().info("%s", line)
    return done


@task(persist_result=False)
def start_from_what_serves() -> None:
    """Let train go on from the model that serves; where none does, it starts from nothing."""
    if read_pointer(layout.REGISTRY) is not None:
        get_run_logger().info("%s", propose_update()[0])


def summary(done: TakenIn) -> str:
    """Return how many videos were taken in, set aside and left, with the first reason."""
    parts = [f"{len(done.taken)} taken in"]
    for words, reasons in (
        ("set aside", [each.reason for each in done.set_aside]),
        ("left", [why for _, why in done.left]),
    ):
        if reasons:
            reason, count = Counter(reasons).most_common(1)[0]
            parts.append(f"{len(reasons)} {words} ({reason}{', and others' if count < len(reasons) else ''})")
    return ", ".join(parts)
