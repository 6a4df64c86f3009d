"""The part of a journal of observations that is asked for."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sora.drift.observation import Observation, from_json
from sora.errors import SoraError
from sora.journal import older, read_records

SUFFIX = ".jsonl"


@dataclass(frozen=True)
class Window:
    """Which observations of a journal count.

    Attributes:
        last: so many at its end; None: all.
        since: those at this time or later, which has a zone; None: from the first.
    """

    last: int | None = None
    since: datetime | None = None


def read_journal(path: Path, window: Window = Window()) -> list[Observation]:
    """Return the observations of a journal that ``window`` names, in order.

    What a server has moved away, since its journal became too large, is the beginning of it.

    Raises:
        SoraError: there is no such file, a line is damaged, or nothing is left.
    """
    files = [file for file in (older(path), path) if file.is_file()]
    if not files:
        raise SoraError(
            f"{path}: there is no such journal of observations; a server begins observations.jsonl in its "
            "SORA_STATE with the first video that it sees"
        )
    records = [
        (f"{file}, line {number}", record)
        for file in files
        for number, record in enumerate(read_records(file), start=1)
    ]
    records = records if window.last is None else records[-window.last :]
    found = [from_json(record, place) for place, record in records]
    if window.since is not None:
        found = [each for each in found if each.time >= window.since]
    if not found:
        since = f" since {window.since.isoformat()}" if window.since else ""
        raise SoraError(f"{path}: holds no observation{since}")
    return found
