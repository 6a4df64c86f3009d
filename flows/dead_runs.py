"""Runs whose process is gone, and that would stay Running for ever in the UI."""

import httpx

HEARTBEAT_SECONDS = 30  # Prefect's minimum
_SILENT_SECONDS = 3 * HEARTBEAT_SECONDS
_NAME = "Runs that fell silent have crashed"


def crash_dead_runs(api: str) -> None:
    """Have a Prefect server mark runs as crashed that send heartbeats no more; an automation, made once.

    Source: Prefect's documentation, "Detect zombie flows".
    """
    known = httpx.post(f"{api}/automations/filter", json={"automations": {"name": {"any_": [_NAME]}}})
    known.raise_for_status()
    if known.json():
        return
    trigger = {
        "type": "event",
        "posture": "Proactive",
        "after": ["prefect.flow-run.heartbeat"],
        "expect": ["prefect.flow-run.*"],  # another heartbeat, or an end under whatever name
        "match": {"prefect.resource.id": "prefect.flow-run.*"},
        "for_each": ["prefect.resource.id"],
        "threshold": 1,
        "within": _SILENT_SECONDS,
    }
    crash = {
        "type": "change-flow-run-state",
        "state": "CRASHED",
        "message": f"Its process is gone: no sign of life for {_SILENT_SECONDS} s. The next run goes on.",
    }
    body = {"name": _NAME, "enabled": True, "trigger": trigger, "actions": [crash]}
    httpx.post(f"{api}/automations/", json=body).raise_for_status()
