"""Prefect: the order of things, retries, schedules and visibility. Nothing of ``sora`` imports from here."""

import os

# What Prefect reads from the environment when it is imported. Leases on disk outlive a temporary server that
# is killed, so that its slot is given back.
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault(
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE", "prefect.server.concurrency.lease_storage.filesystem"
)
os.environ.setdefault("DVC_NO_ANALYTICS", "1")
