"""The pipeline under Prefect: `python -m flows.pipeline` runs the stages of dvc.yaml in the current folder.

Prefect gives order, retries and visibility: one task run per stage, named after it. DVC decides what has
to run: a stage that it skips ends in the state Cached, with DVC's words as the message.
"""

import argparse
import sys
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.dvc_stage import StageError
from flows.stage_runs import RETRY_DELAY_SECONDS, run_stages
from flows.writer import only_writer
from sora.stages import STAGES


@flow(name="sora-pipeline", persist_result=False)
def pipeline(retry_delay_seconds: float = RETRY_DELAY_SECONDS) -> State[Any]:
    """Bring every stage of dvc.yaml in the current folder up to date, in order, as the only run that writes.

    Args:
        retry_delay_seconds: the pause before a stage that asked for it is tried again.

    Raises:
        StageError: a stage failed, in its own words.
    """
    with only_writer():
        run_stages(retry_delay_seconds)
    return Completed(message=f"{len(STAGES)} stages are up to date")


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


if __name__ == "__main__":
    sys.exit(main())
