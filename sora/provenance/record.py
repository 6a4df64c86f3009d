"""What is kept of each version that was ever promoted: the hashes of all it came from, and what it saw.

A folder each in ``registry/lineage``. They stay when old versions go, for a tag of git can bring those back.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from sora.errors import SoraError
from sora.manifest import write_table
from sora.provenance import LINEAGE
from sora.provenance.videos import COLUMNS

_RECORD, _VIDEOS = "record.json", "videos.csv"


@dataclass(frozen=True)
class Link:
    """One thing that a model came from, or became.

    Attributes:
        name: what it is.
        path: where it lies, relative to the project; empty where it is no file.
        kind: how the digest is made: of all videos, of a file or folder, by git, or of a bundle.
        digest: hexadecimal.
    """

    name: str
    path: str
    kind: Literal["videos", "sha256", "git", "bundle"]
    digest: str


@dataclass(frozen=True)
class Record:
    """Where one model came from.

    Attributes:
        version: in the registry; empty of a model that was not promoted.
        bundle_version: of its bundle.
        variant: which of the compressed networks it is.
        tag: of git; empty of a model that was not promoted.
        links: first to last, from the source videos to the Bento.
        parent: the version that it was trained on from; empty: it was trained from nothing, or the parent is
            not in this registry.
        parent_digest: SHA-256 of that one's networks; empty: it was trained from nothing.
    """

    version: str
    bundle_version: str
    variant: str
    tag: str
    links: tuple[Link, ...]
    parent: str = ""
    parent_digest: str = ""

    def digest(self, name: str) -> str:
        """Return the digest of the link of this name; empty where there is none."""
        return next((link.digest for link in self.links if link.name == name), "")

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "links": [asdict(link) for link in self.links]}


def recorded(registry: Path) -> list[str]:
    """Return the versions whose lineage is known, in alphabetical order."""
    return sorted(path.parent.name for path in (registry / LINEAGE).glob(f"[!.]*/{_RECORD}"))


def read_record(registry: Path, version: str) -> Record:
    """Return where a version came from.

    Raises:
        SoraError: that is not known, or the record is damaged.
    """
    path = registry / LINEAGE / version / _RECORD
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        links = tuple(Link(**link) for link in values["links"])
        return Record(**{**values, "links": links})
    except FileNotFoundError as error:
        raise SoraError(
            f"{version}: was promoted before lineage was recorded; its tag of git has what it was made from"
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise SoraError(f"{path}: is damaged ({error}); restore it from a copy") from error


def read_videos(registry: Path, version: str) -> pd.DataFrame:
    """Return what a version saw, see ``sora.provenance.videos``; raises as ``read_record``."""
    read_record(registry, version)
    path = registry / LINEAGE / version / _VIDEOS
    try:
        # All as text: a version may consist of digits.
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
        return table.astype({"num_views": int})[COLUMNS]
    except (OSError, ValueError, KeyError) as error:
        raise SoraError(f"{path}: is damaged ({error}); restore it from a copy") from error


def fill_folder(folder: Path, record: Record, videos: pd.DataFrame) -> None:
    """Write a record and its table into a new folder."""
    text = json.dumps(record.as_json(), indent=2, ensure_ascii=False) + "\n"
    (folder / _RECORD).write_text(text, encoding="utf-8", newline="\n")
    write_table(folder / _VIDEOS, videos)
