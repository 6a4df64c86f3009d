"""What a question about lineage is about: a model, one of its predictions, or a video."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from sora import layout
from sora.errors import SoraError
from sora.provenance.here import COMPRESSED, MODEL, SOURCES, read_here
from sora.provenance.record import Record, read_record, read_videos, recorded
from sora.provenance.videos import of_files
from sora.sources.hashes import content_hash

HERE = "here"  # in place of the version of a model that was not promoted
_PREDICTION = re.compile(r"([0-9a-f]{16})-([0-9a-f]+)")
_HASH = re.compile(r"[0-9a-f]{6,64}")
_NUM_SHOWN = 5


@dataclass(frozen=True)
class Known:
    """All models whose lineage is known.

    Attributes:
        project: its folder.
        registry: its folder.
    """

    project: Path
    registry: Path

    @cached_property
    def records(self) -> Mapping[str, Record]:
        """The promoted ones, by version."""
        return {version: read_record(self.registry, version) for version in recorded(self.registry)}

    @cached_property
    def here(self) -> tuple[Record, pd.DataFrame]:
        """The one that lies in the project's folder, and what it saw."""
        return read_here(self.project)

    @cached_property
    def seen(self) -> Mapping[str, pd.DataFrame]:
        """What each version saw; the model that lies here too where it is none of them."""
        tables = {version: read_videos(self.registry, version) for version in self.records}
        needed = (layout.BUNDLE, layout.BENTO, layout.OUTCOMES, Path("dvc.lock"))
        is_whole = all((self.project / path).exists() for path in needed)  # else a run is under way
        if is_whole and self.promoted_as is None:
            tables[HERE] = self.here[1]
        return tables

    @cached_property
    def promoted_as(self) -> Record | None:
        """The promoted version that the model in the project's folder is, if it is one."""
        what = (SOURCES, MODEL, COMPRESSED)
        own = [self.here[0].digest(name) for name in what]
        same = [one for one in self.records.values() if [one.digest(name) for name in what] == own]
        return same[-1] if same else None


@dataclass(frozen=True)
class Sighting:
    """That a model saw a video; see ``sora.provenance.videos``."""

    version: str
    path: str
    label: str
    role: str
    num_views: int
    reason: str
    through: str


@dataclass(frozen=True)
class VideoTrace:
    """Which models saw a video.

    Attributes:
        content_hash: of the file or the part, or its beginning; empty: a path had several contents.
        sightings: by version.
    """

    content_hash: str
    sightings: tuple[Sighting, ...]


@dataclass(frozen=True, eq=False)
class ModelTrace:
    """What a model came from and saw.

    Attributes:
        record: its links.
        videos: what it saw.
        prediction: the video that the question was about, where it was about a prediction.
        is_here: whether it is the one that lies in the project's folder.
    """

    record: Record
    videos: pd.DataFrame
    prediction: VideoTrace | None = None
    is_here: bool = False


def trace(asked: str, known: Known) -> ModelTrace | VideoTrace:
    """Answer what a model came from, or which models saw a video.

    Args:
        asked: a version or the beginning of one, the id of a prediction, a file, a path of the manifest, or a
            content hash or the beginning of one; empty: the model that is here.
        known: the models.

    Raises:
        SoraError: it names nothing that is known, or several things.
    """
    if not asked:
        return _here(known)
    if (version := _version(asked, known)) is not None:
        return _model(version, known)
    if found := _PREDICTION.fullmatch(asked):
        return _prediction(found[1], found[2], known)
    return trace_video(asked, known)


def trace_video(asked: str, known: Known) -> VideoTrace:
    """Return which models saw a video: a file, a path of the manifest, or a content hash or its beginning.

    Raises:
        SoraError: no model is known to have seen it, and there is no such file.
    """
    if Path(asked).is_file():
        return trace_file(content_hash(Path(asked)), known)
    by_path = {version: table[table["path"] == asked] for version, table in known.seen.items()}
    if sightings := _sightings(by_path):
        hashes = {digest for table in by_path.values() for digest in table["content_hash"]}
        return VideoTrace(hashes.pop() if len(hashes) == 1 else "", sightings)
    if _HASH.fullmatch(asked):
        return _by_hash(asked, known)
    raise SoraError(
        f"{asked}: is no file, no version of a model, no prediction's id, and no path or content hash of a "
        "video that a known model saw"
    )


def trace_file(digest: str, known: Known) -> VideoTrace:
    """Return which models saw a file of this SHA-256, or parts of it."""
    rows = {version: of_files(table, frozenset({digest})) for version, table in known.seen.items()}
    return VideoTrace(digest, _sightings(rows))


def _here(known: Known) -> ModelTrace:
    record, videos = known.here
    if same := known.promoted_as:
        record = replace(record, version=same.version, tag=same.tag, parent=same.parent)
        videos = read_videos(known.registry, same.version)
    return ModelTrace(record, videos, is_here=True)


def _model(version: str, known: Known) -> ModelTrace:
    return ModelTrace(known.records[version], read_videos(known.registry, version))


def _version(asked: str, known: Known) -> str | None:
    """Return the version that ``asked`` names or begins; None: none."""
    if asked in known.records:
        return asked
    found = [version for version in known.records if version.startswith(asked)]
    if len(found) > 1:
        raise SoraError(f"{asked}: several versions begin so: {_some(found)}")
    return found[0] if found else None


def _prediction(video: str, bundle_version: str, known: Known) -> ModelTrace:
    """Return the model that made a prediction, and what the known models saw of its video."""
    same = [record for record in known.records.values() if record.bundle_version == bundle_version]
    if same:
        found = _model(same[-1].version, known)
    elif known.here[0].bundle_version == bundle_version:
        found = _here(known)
    else:
        versions = _some([*known.records]) or "none"
        raise SoraError(f"{bundle_version}: no model of this version is known; there are: {versions}")
    return replace(found, prediction=_by_hash(video, known))


def _by_hash(beginning: str, known: Known) -> VideoTrace:
    rows = {
        version: table[table["content_hash"].str.startswith(beginning)]
        for version, table in known.seen.items()
    }
    return VideoTrace(_only_hash(beginning, rows) or beginning, _sightings(rows))


def _only_hash(asked: str, rows: Mapping[str, pd.DataFrame]) -> str:
    found = sorted({digest for table in rows.values() for digest in table["content_hash"]})
    if len(found) > 1:
        raise SoraError(f"{asked}: several contents are meant: {_some(found)}; give more of the hash")
    return found[0] if found else ""


def _sightings(rows: Mapping[str, pd.DataFrame]) -> tuple[Sighting, ...]:
    columns = ["path", "label", "role", "num_views", "reason", "through"]
    return tuple(
        Sighting(version, *values)
        for version, table in rows.items()
        for values in table[columns].itertuples(index=False, name=None)
    )


def _some(words: list[str]) -> str:
    more = len(words) - _NUM_SHOWN
    return ", ".join(words[:_NUM_SHOWN]) + (f" and {more} more" if more > 0 else "")
