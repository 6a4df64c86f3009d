"""Failures that are told in one line: what says why has no use for our own call stack."""

import logging

from sora.errors import SoraError


def _without_traceback(record: logging.LogRecord) -> bool:
    if record.exc_info and isinstance(record.exc_info[1], SoraError):
        record.exc_info = None
    return True


def tell_in_one_line() -> None:
    """Have Prefect log what can be put right by its message alone."""
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logging.getLogger(name).addFilter(_without_traceback)
