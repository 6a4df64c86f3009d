"""The folder of videos to learn from, as something that grows."""

import csv
import io
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sora.atomic import replacing, sync
from sora.errors import SoraError
from sora.incoming.arrivals import Arrival
from sora.incoming.moving import free_place
from sora.manifest import labels_in
from sora.sources.entries import locate
from sora.sources.hashes import content_hashes
from sora.sources.listing import list_videos
from sora.sources.table import LABELS
from sora.sources.videos import LabelledVideo

SCRATCH = ".tmp-incoming"  # passed over by ingest, git and DVC
_OWN_FOLDER = "taken_in"  # beside a labels.csv: no pattern in it was meant for what comes later


@dataclass(frozen=True)
class SourceRules:
    """Where the videos lie and how they are listed: parameters of ingest, see there."""

    folder: Path
    split_column: str
    group_column: str
    group_pattern: str


@dataclass(frozen=True)
class Source:
    """What the source holds.

    Attributes:
        rules: how it is listed.
        by_hash: its videos by the SHA-256 of their file.
        labels: all single labels.
        columns: of its labels.csv; empty where the folders are the labels.
    """

    rules: SourceRules
    by_hash: Mapping[str, Sequence[LabelledVideo]]
    labels: frozenset[str]
    columns: tuple[str, ...]

    def location(self, arrival: Arrival, digest: str) -> str:
        """Return where a video is to lie, relative to the folder; a name that is taken gets its hash."""
        folder = self.rules.folder
        plain = folder.joinpath(*([_OWN_FOLDER] if self.columns else []), arrival.label, arrival.name)
        return free_place(plain, digest).relative_to(folder).as_posix()

    def finds_group(self, arrival: Arrival, location: str) -> bool:
        """Whether ingest will know the group of a video, where it looks for one in the path."""
        is_given = bool(arrival.group) and self.rules.group_column in self.columns
        found = re.search(self.rules.group_pattern, location) if self.rules.group_pattern else None
        return is_given or not self.rules.group_pattern or bool(found and found["group"])


def read_source(rules: SourceRules, fetched: Path, memory: Path) -> Source:
    """Return what the source holds now.

    Args:
        rules: how it is listed.
        fetched: folder of the videos behind URLs; those that are not there yet are not known.
        memory: of content hashes, see ``sora.sources.hashes``.

    Raises:
        SoraError: as ``list_videos``.
    """
    entries = locate(_listed(rules), rules.folder, fetched)
    there = [entry for entry in entries if os.access(entry.file, os.R_OK)]
    hashes = content_hashes((entry.file for entry in there), memory)
    by_hash: dict[str, list[LabelledVideo]] = {}
    for entry in there:
        by_hash.setdefault(hashes[entry.file], []).append(entry.video)
    labels = frozenset(label for entry in entries for label in labels_in(entry.video.label))
    return Source(rules, by_hash, labels, _columns(rules.folder / LABELS))


def list_new(source: Source, placed: Mapping[str, Arrival]) -> None:
    """Have the files that now lie at these locations count as videos to learn from.

    Class folders need nothing more. A labels.csv gets a row for each: in its split column ``train``, for what
    is held out is fixed; in its group column the folder that the video was filed under, if it was.

    Raises:
        SoraError: a pattern in labels.csv takes a new file for something else.
    """
    if not source.columns:
        return
    rules = source.rules
    listed = {video.location: video for video in _listed(rules)}
    for location, arrival in placed.items():
        video = listed.get(location)
        if video and (video.label != arrival.label or video.split not in ("", "train")):
            (rules.folder / location).unlink()  # its original is where it came from
            raise SoraError(
                f"{rules.folder / LABELS}: a pattern takes {location} for {video.label!r} "
                f"{video.split or 'of any split'}, not for {arrival.label!r} to train on; narrow the pattern"
            )
    rows = [_row(rules, place, arrival) for place, arrival in placed.items() if place not in listed]
    if rows:
        _append(rules.folder / LABELS, source.columns, rows)


def _listed(rules: SourceRules) -> list[LabelledVideo]:
    return list_videos(rules.folder, rules.split_column, rules.group_column, rules.group_pattern).videos


def _columns(table: Path) -> tuple[str, ...]:
    if not table.is_file():
        return ()
    with table.open(encoding="utf-8-sig", newline="") as file:
        return tuple(next(csv.reader(file)))


def _row(rules: SourceRules, location: str, arrival: Arrival) -> dict[str, str]:
    given = {rules.split_column: "train", rules.group_column: arrival.group}
    return {**given, "path": location, "label": arrival.label}


def _append(table: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    """Add rows to a CSV table, durably; what stands there stays as it is, byte for byte."""
    before = table.read_bytes()
    end = "\r\n" if b"\r\n" in before else "\n"
    added = io.StringIO(newline="")
    writer = csv.DictWriter(added, columns, restval="", extrasaction="ignore", lineterminator=end)
    writer.writerows(rows)
    gap = b"" if before.endswith(b"\n") else end.encode()
    with replacing(table) as temporary:
        temporary.write_bytes(before + gap + added.getvalue().encode())
        sync(temporary)
    sync(table.parent)
