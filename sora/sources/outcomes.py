"""What became of every input: the manifest's rows, and when and how the failed ones failed."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from sora.manifest import MANIFEST_COLUMNS
from sora.sources.entries import Entry
from sora.sources.videos import SkippedFile, is_url
from sora.video.facts import VideoFacts
from sora.video.read import WHOLE, Window

FAILURE_COLUMNS = ["path", "reason", "failed_at", "seconds"]


def manifest_table(
    entries: Iterable[Entry],
    skipped: Iterable[SkippedFile],
    facts: Mapping[str, VideoFacts],
    source: str | Path,
) -> pd.DataFrame:
    """Return the manifest: one row for every input, in the order given, skipped files last.

    Args:
        entries: the videos; the first one with a content is the original, later ones are its copies.
        skipped: files that are no videos.
        facts: the decoded facts by content hash, of every entry that goes on.
        source: the folder that skipped files lie in; of no account where their paths are URLs.
    """
    first: dict[str, str] = {}
    rows = []
    for entry in entries:
        duplicate_of = ""
        if entry.goes_on:
            original = first.setdefault(entry.content_hash, entry.video.path)
            duplicate_of = original if original != entry.video.path else ""
        rows.append(_video_row(entry, duplicate_of, _facts(entry, facts)))
    rows += [_skipped_row(file, source) for file in skipped]
    return pd.DataFrame(rows, columns=MANIFEST_COLUMNS)


def failures_table(
    manifest: pd.DataFrame, seconds: Mapping[str, float], before: pd.DataFrame, now: datetime
) -> pd.DataFrame:
    """Return path, reason, failed_at (UTC) and seconds of each failed video.

    One that failed in the same way ``before`` keeps its row: it was not tried again, or in vain. ``seconds``
    tells, by path, how long it was tried; nothing where a crash left no trace of it.
    """
    known = {(row["path"], row["reason"]): row for row in before.to_dict("records")}
    moment = now.astimezone(UTC).isoformat(timespec="seconds")
    failed = manifest[manifest["outcome"] == "failed"]
    rows: list[dict[Any, Any]] = [
        known.get((path, reason))
        or {"path": path, "reason": reason, "failed_at": moment, "seconds": _rounded(seconds.get(path))}
        for path, reason in zip(failed["path"], failed["reason"], strict=True)
    ]
    return pd.DataFrame(rows, columns=FAILURE_COLUMNS)


def _facts(entry: Entry, facts: Mapping[str, VideoFacts]) -> VideoFacts:
    return facts[entry.content_hash] if entry.goes_on else VideoFacts(error=entry.failure)


def _video_row(entry: Entry, duplicate_of: str, facts: VideoFacts) -> dict[str, Any]:
    outcome, reason = _outcome(entry, duplicate_of, facts)
    return {
        "path": entry.video.path,
        "file": entry.file.as_posix(),
        "label": entry.video.label,
        "group": entry.video.group,
        **_times(entry.video.window),
        "content_hash": entry.content_hash,
        "size_bytes": entry.size_bytes,
        "duplicate_of": duplicate_of,
        "outcome": outcome,
        "reason": reason,
        **asdict(facts),
    }


def _skipped_row(file: SkippedFile, source: str | Path) -> dict[str, Any]:
    is_remote = is_url(file.path)
    path = Path(source, file.path)
    return {
        "path": file.path,
        "file": file.path if is_remote else path.as_posix(),
        "label": file.label,
        "group": "",
        **_times(WHOLE),
        "content_hash": "",
        "size_bytes": 0 if is_remote else path.stat().st_size,
        "duplicate_of": "",
        "outcome": "skipped",
        "reason": file.reason,
        **asdict(VideoFacts()),
    }


def _outcome(entry: Entry, duplicate_of: str, facts: VideoFacts) -> tuple[str, str]:
    if entry.skipped:
        return "skipped", entry.skipped
    if entry.failure:
        return "failed", entry.failure
    if duplicate_of:
        return "skipped", f"is the same as {duplicate_of}"
    if facts.num_frames_decoded == 0:
        return "failed", facts.error or "no frame decodes"
    return "ok", ""


def _times(window: Window) -> dict[str, float]:
    """Return the part's times, nothing (NaN) for the whole and for a part that goes on to the end."""
    if window == WHOLE:
        return {"start_seconds": math.nan, "end_seconds": math.nan}
    end = math.nan if math.isinf(window.end_seconds) else window.end_seconds
    return {"start_seconds": window.start_seconds, "end_seconds": end}


def _rounded(seconds: float | None) -> float:
    return round(seconds, 1) if seconds else math.nan
