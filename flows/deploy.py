"""``python -m flows.deploy``: ``prefect deploy --all`` on the server that PREFECT_API_URL names.

Prefect 3.8.8's own command asks for the workers of the pool with null for a limit. A server under a recent
FastAPI, which takes null for a value and no longer for a missing one, answers that with an error (422), and
the deployments after the first are never made. Here it asks with numbers; all else is Prefect's.
"""

import sys
from collections.abc import Callable
from functools import partialmethod

from prefect.cli import app
from prefect.client.orchestration import PrefectClient

_MOST_WORKERS = 200  # Prefect's own limit for one answer


def main() -> None:
    """Deploy what prefect.yaml of the current folder says; Prefect's exit code is this one's."""
    read: Callable[..., object] = PrefectClient.read_workers_for_work_pool
    asked = partialmethod(read, offset=0, limit=_MOST_WORKERS)
    setattr(PrefectClient, "read_workers_for_work_pool", asked)  # noqa: B010
    sys.argv[1:] = ["--no-prompt", "deploy", "--all"]
    app()


if __name__ == "__main__":
    main()
