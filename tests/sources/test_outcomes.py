import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from sora.manifest import MANIFEST_COLUMNS
from sora.sources.entries import Entry
from sora.sources.outcomes import FAILURE_COLUMNS, failures_table, manifest_table
from sora.sources.videos import LabelledVideo, SkippedFile
from sora.video.facts import VideoFacts
from sora.video.read import WHOLE, Window

NONE_YET = pd.DataFrame(columns=FAILURE_COLUMNS)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def entry(path: str, content_hash: str = "", window: Window = WHOLE, **ends: str) -> Entry:
    return Entry(LabelledVideo(path, "run", path, window=window), Path("in", path), content_hash, 7, **ends)


def manifest(tmp_path: Path) -> pd.DataFrame:
    (tmp_path / "notes.txt").write_text("hello")
    entries = [
        entry("a.mp4", "A"),
        entry("b.mp4", "A"),
        entry("c.mp4", "C"),
        entry("d.mp4", failure="not fetched: too big"),
        entry("e.mp4", "E", Window(0, 2)),
        entry("e.mp4", "F", Window(2), skipped="lasts 0.1 s, at least 1 expected"),
        entry("g.mp4", "G"),
    ]
    facts = {
        "A": VideoFacts(num_frames_decoded=9),
        "C": VideoFacts(error="is empty (0 bytes)"),
        "E": VideoFacts(num_frames_decoded=3, error="breaks after frame 3"),
        "G": VideoFacts(),
    }
    skipped = [SkippedFile("notes.txt", "run", "is not a video by its name")]
    return manifest_table(entries, skipped, facts, tmp_path)


def test_every_input_has_an_outcome(tmp_path: Path):
    table = manifest(tmp_path)
    assert list(table.columns) == MANIFEST_COLUMNS
    found = list(zip(table["path"], table["outcome"], table["reason"], strict=True))
    assert found == [
        ("a.mp4", "ok", ""),
        ("b.mp4", "skipped", "is the same as a.mp4"),
        ("c.mp4", "failed", "is empty (0 bytes)"),
        ("d.mp4", "failed", "not fetched: too big"),
        ("e.mp4#t=0,2", "ok", ""),
        ("e.mp4#t=2", "skipped", "lasts 0.1 s, at least 1 expected"),
        ("g.mp4", "failed", "no frame decodes"),
        ("notes.txt", "skipped", "is not a video by its name"),
    ]
    assert list(table["duplicate_of"]) == ["", "a.mp4", *[""] * 6]
    assert table["error"][3] == "not fetched: too big"
    assert list(table["size_bytes"]) == [7] * 7 + [5]


def test_parts_name_the_real_file_and_their_times(tmp_path: Path):
    table = manifest(tmp_path).set_index("path")
    assert table.loc["e.mp4#t=0,2", "file"] == "in/e.mp4"
    assert list(table.loc["e.mp4#t=0,2", ["start_seconds", "end_seconds"]]) == [0.0, 2.0]
    assert table.loc["e.mp4#t=2", "start_seconds"] == 2.0
    assert math.isnan(table.loc["e.mp4#t=2", "end_seconds"])
    assert math.isnan(table.loc["a.mp4", "start_seconds"])


def test_a_failure_keeps_the_time_when_it_first_was_seen(tmp_path: Path):
    table = manifest(tmp_path)
    first = failures_table(table, {"c.mp4": 0.26, "d.mp4": 0.0}, NONE_YET, NOON)
    assert list(first["path"]) == ["c.mp4", "d.mp4", "g.mp4"]
    assert set(first["failed_at"]) == {"2026-01-01T12:00:00+00:00"}
    assert first["seconds"][0] == 0.3
    assert first["seconds"][1:].isna().all()
    other = table.assign(reason=table["reason"].str.replace("is empty (0 bytes)", "took longer than 9 s"))
    again = failures_table(other, {}, first, NOON + timedelta(hours=1))
    assert list(again["failed_at"].str[11:13]) == ["13", "12", "12"]
    pd.testing.assert_frame_equal(failures_table(table, {}, first, NOON + timedelta(days=1)), first)
