"""Every night, and when videos drift: the pipeline, and the gate for what comes out of it."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.retraining import retrain
from flows.stage_runs import RETRY_DELAY_SECONDS
from flows.writer import only_writer
from sora.updating import call_off_update

LIMIT_SECONDS = 12 * 3600


@flow(name="sora-nightly", timeout_seconds=LIMIT_SECONDS, persist_result=False)
def nightly(retry_delay_seconds: float = RETRY_DELAY_SECONDS, from_nothing: bool = False) -> State[Any]:
    """Bring every stage up to date, and let the model serve if it is no worse than the one that does.

    Args:
        retry_delay_seconds: the pause before a stage that asked for it is tried again.
        from_nothing: whether an update that is proposed is called off (``sora update --off``).

    Returns:
        Completed, named Promoted, Rejected or Serving already, with the reasons as its message.

    Raises:
        SoraError: a stage failed, or nothing could be promoted; the model that served serves on.
    """
    with only_writer():
        if from_nothing:
            call_off_update()
        return retrain(retry_delay_seconds)
