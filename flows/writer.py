"""One run writes at a time, whatever it does."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from prefect import get_client, get_run_logger
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

WRITER_LIMIT = "sora-writer"
LEASE_SECONDS = 60.0  # how long the slot of a run that was killed stays taken (Prefect's minimum)


@contextmanager
def only_writer() -> Iterator[None]:
    """Hold the one slot for writing; wait for it, and say so, while another run holds it.

    The slot is a lease: it frees itself soon after its holder was killed. A holder that cannot renew its
    lease is cancelled, for another run may start to write.
    """
    if num_writers():
        get_run_logger().info("Waiting: another run is writing (concurrency limit %r)", WRITER_LIMIT)
    with concurrency(WRITER_LIMIT, occupy=1, lease_duration=LEASE_SECONDS, strict=True):
        yield


def num_writers() -> int:
    """Return how many runs hold the limit, which is created where it is missing."""
    with get_client(sync_client=True) as client:
        try:
            return client.read_global_concurrency_limit_by_name(WRITER_LIMIT).active_slots
        except ObjectNotFound:
            with suppress(ObjectAlreadyExists):  # another run has just created it
                client.create_global_concurrency_limit(
                    GlobalConcurrencyLimitCreate(name=WRITER_LIMIT, limit=1)
                )
            return 0
