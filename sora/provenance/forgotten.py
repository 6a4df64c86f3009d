"""The videos that were removed by request: a table in git that names them by content alone."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sora.errors import SoraError
from sora.manifest import write_table

FORGOTTEN = Path("data/forgotten.csv")
_COLUMNS = ["content_hash", "at", "by", "why"]


@dataclass(frozen=True)
class Forgotten:
    """A video that was removed.

    Attributes:
        content_hash: SHA-256 of its file; of the video nothing else is kept.
        at: ISO 8601 in UTC.
        by, why: who removed it, and the reason given.
    """

    content_hash: str
    at: str
    by: str
    why: str


def read_forgotten(project: Path) -> dict[str, Forgotten]:
    """Return the videos that must not come back, by the SHA-256 of their files; none where nothing was.

    Raises:
        SoraError: the table is damaged.
    """
    path = project / FORGOTTEN
    try:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8").to_dict("records")
        found = [Forgotten(**{str(name): value for name, value in row.items()}) for row in rows]
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError) as error:
        raise SoraError(f"{path}: is damaged ({error}); restore it from git") from error
    return {one.content_hash: one for one in found}


def add_forgotten(project: Path, more: list[Forgotten]) -> None:
    """Add videos to the table; one that is in it stays as it is."""
    known = read_forgotten(project)
    rows = {**{one.content_hash: one for one in more}, **known}
    write_table(project / FORGOTTEN, pd.DataFrame([*rows.values()], columns=_COLUMNS))
