"""Each video on its way into the manifest: located, fetched, hashed, cut."""

import errno
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sora.attempt import Outcome
from sora.errors import SoraError
from sora.sources.fetching import Download, FetchRules, fetch_all, target_name
from sora.sources.hashes import content_hashes
from sora.sources.videos import LabelledVideo, is_url, part_hash
from sora.video.cuts import Piece, Timeline, pieces
from sora.video.read import WHOLE


@dataclass(frozen=True)
class Entry:
    """A video, its file, and what is known of it so far.

    Attributes:
        video: what the user said.
        file: where its bytes are, or will be.
        content_hash: SHA-256 of the file, or what stands for a part's content; empty until known.
        size_bytes: of the whole file; 0 until known.
        failure: why it cannot go on, or ``""``.
        skipped: why it is left out, or ``""``.
        seconds: how long it was tried, where it failed.
    """

    video: LabelledVideo
    file: Path
    content_hash: str = ""
    size_bytes: int = 0
    failure: str = ""
    skipped: str = ""
    seconds: float = 0.0

    @property
    def goes_on(self) -> bool:
        """Whether nothing has ended its way yet."""
        return not self.failure and not self.skipped


def locate(videos: Iterable[LabelledVideo], source: str | Path, fetched: Path) -> list[Entry]:
    """Return an entry for each video; the file of a URL is one in the folder ``fetched``."""
    return [Entry(video, _file(video, source, fetched)) for video in videos]


def fetch(entries: list[Entry], rules: FetchRules) -> list[Entry]:
    """Fetch the files behind URLs that are not there yet; those that do not come get their failure.

    Raises:
        ConnectionError: none of the files could be fetched, and for each of them that is the network's fault.
    """
    remote = [entry for entry in entries if is_url(entry.video.location)]
    downloads = [Download(entry.video.location, entry.file, entry.video.sha256) for entry in remote]
    failures = fetch_all(downloads, rules)
    if remote and all(e.file in failures and failures[e.file].is_network for e in remote):
        raise ConnectionError(
            errno.ENETUNREACH, f"no video could be fetched: {failures[remote[0].file].reason}"
        )
    return [
        replace(entry, failure=f"not fetched: {failed.reason}", seconds=failed.seconds)
        if (failed := failures.get(entry.file))
        else entry
        for entry in entries
    ]


def identify(entries: list[Entry], memory: Path) -> list[Entry]:
    """Give each entry that goes on its content's hash and its size; refuse a wrong checksum.

    ``memory`` keeps the hashes of unchanged files (``sora.sources.hashes``).
    """
    checked = [_refused_if_closed(entry) if entry.goes_on else entry for entry in entries]
    hashes = content_hashes((entry.file for entry in checked if entry.goes_on), memory)
    return [_identified(entry, hashes[entry.file]) if entry.goes_on else entry for entry in checked]


def cut(entries: list[Entry], timelines: Mapping[str, Outcome], min_seconds: float) -> list[Entry]:
    """Return the entries with each whole video replaced by its pieces.

    Args:
        entries: the videos; those that are parts already stay.
        timelines: by content hash, the fields of the ``Timeline`` or why there is none.
        min_seconds: shorter pieces are left out.

    Raises:
        SoraError: a piece is a part that the user listed beside the whole video.
    """
    found: list[Entry] = []
    for entry in entries:
        outcome = timelines.get(entry.content_hash)
        if outcome is None or entry.video.window != WHOLE:
            found.append(entry)
        elif outcome.reason:
            found.append(replace(entry, failure=outcome.reason, seconds=outcome.seconds))
        else:
            found += [_part(entry, piece) for piece in pieces(Timeline(**outcome.value), min_seconds)]
    _refuse_twice(found)
    return found


def _refuse_twice(entries: list[Entry]) -> None:
    seen: set[str] = set()
    for entry in entries:
        if entry.video.path in seen:
            raise SoraError(
                f"{entry.video.path} is listed as a part and is a piece of the whole video too; "
                "list the video or its parts, or set ingest.cut to none"
            )
        seen.add(entry.video.path)


def _part(entry: Entry, piece: Piece) -> Entry:
    return replace(
        entry,
        video=replace(entry.video, window=piece.window),
        content_hash=part_hash(entry.content_hash, piece.window),
        skipped=piece.skipped,
    )


def _file(video: LabelledVideo, source: str | Path, fetched: Path) -> Path:
    if is_url(video.location):
        return fetched / target_name(video.location, video.sha256, video.version)
    return Path(source, video.location)


def _refused_if_closed(entry: Entry) -> Entry:
    return entry if os.access(entry.file, os.R_OK) else replace(entry, failure="may not be read; permit it")


def _identified(entry: Entry, file_hash: str) -> Entry:
    if entry.video.sha256 not in ("", file_hash):
        return replace(entry, failure=f"its SHA-256 is {file_hash}, expected {entry.video.sha256}")
    size = entry.file.stat().st_size
    return replace(entry, content_hash=part_hash(file_hash, entry.video.window), size_bytes=size)
