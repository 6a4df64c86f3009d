"""Videos that are not taken in: kept beside the new ones, with the reasons in a table."""

from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from sora.atomic import sync
from sora.incoming.arrivals import Arrival
from sora.incoming.moving import copy_durably, free_place
from sora.manifest import read_records, write_table

FOLDER, REASONS = ".set_aside", "reasons.csv"


@dataclass(frozen=True)
class SetAside:
    """A video that was not taken in.

    Attributes:
        file: where it lies now, relative to the folder of what was set aside.
        label: that it came under.
        content_hash: SHA-256.
        reason: in words.
    """

    file: str
    label: str
    content_hash: str
    reason: str


def read_set_aside(folder: Path) -> list[SetAside]:
    """Return all that was ever set aside, the last one last."""
    if not (folder / REASONS).is_file():
        return []
    return [SetAside(**row) for row in read_records(folder / REASONS)]


def set_aside(folder: Path, arrival: Arrival, content_hash: str, reason: str) -> SetAside | None:
    """Copy a video and write its reason down, durably; None: it has changed meanwhile.

    What stood there under the same name with another content stays; this one gets its hash into the name.
    """
    label, name, reason = map(_in_utf8, (arrival.label, arrival.name, reason))
    target = free_place(folder / label / name, content_hash)
    if not copy_durably(arrival.file, target, content_hash, folder / ".tmp-copy"):
        return None
    entry = SetAside(target.relative_to(folder).as_posix(), label, content_hash, reason)
    others = [each for each in read_set_aside(folder) if each.file != entry.file]
    write_table(folder / REASONS, pd.DataFrame([asdict(each) for each in [*others, entry]]))
    sync(folder / REASONS)
    return entry


def _in_utf8(text: str) -> str:
    """Return a text that a table can hold: the name of a file may have bytes that are no UTF-8."""
    return text.encode(errors="backslashreplace").decode()
