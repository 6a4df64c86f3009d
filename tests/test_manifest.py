import math
from pathlib import Path

import pandas as pd
import pytest

from sora.errors import SoraError
from sora.manifest import (
    MANIFEST_COLUMNS,
    by_label,
    final_outcomes,
    labels_in,
    read_table,
    videos_in,
    write_table,
)


def table(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame(columns)


def test_tables_come_back_as_they_were_written(tmp_path: Path):
    rows = table(
        path=["01.mp4", "NA", "a,b\n"],
        label=["1", "null", "run;walk"],
        start_seconds=[1.5, math.nan, 0.0],
        reason=["", "is empty (0 bytes)", '"quoted"'],
        outcome=["ok", "failed", "skipped"],
    )
    write_table(tmp_path / "t.csv", rows)
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.csv"), rows, check_dtype=False)
    empty = pd.DataFrame(columns=MANIFEST_COLUMNS)
    write_table(tmp_path / "e.csv", empty)
    assert list(read_table(tmp_path / "e.csv").columns) == MANIFEST_COLUMNS


def test_a_missing_and_a_damaged_table(tmp_path: Path):
    with pytest.raises(SoraError, match=r"t.csv is missing: run dvc repro"):
        read_table(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_bytes(b"path,label\n\xff\xfe,run\n")
    with pytest.raises(SoraError, match=r"t.csv is damaged .*: delete it and run dvc repro"):
        read_table(tmp_path / "t.csv")


def test_labels():
    assert labels_in(" wave; run;run; ") == ["run", "wave"]
    assert labels_in("run") == ["run"]
    assert labels_in(" ; ") == []


def test_each_label_counts():
    rows = table(path=["a", "b"], label=["run;walk", "run"], group=["g", "h"])
    assert by_label(rows).to_numpy().tolist() == [["a", "run", "g"], ["a", "walk", "g"], ["b", "run", "h"]]
    assert list(rows["label"]) == ["run;walk", "run"]
    assert list(by_label(rows.iloc[:0]).columns) == ["path", "label", "group"]


def test_videos_are_all_but_what_is_none():
    manifest = table(
        path=["a", "b", "copy", "short", "notes.txt"],
        outcome=["ok", "failed", "skipped", "skipped", "skipped"],
        duplicate_of=["", "", "a", "", ""],
    )
    assert list(videos_in(manifest)["path"]) == ["a", "b", "copy"]


def test_the_first_stage_that_ends_a_way_counts():
    manifest = table(
        path=["a", "b", "c", "d", "e"],
        label=["run"] * 5,
        outcome=["ok", "failed", "ok", "ok", "ok"],
        reason=["", "is empty (0 bytes)", "", "", ""],
    )
    found = final_outcomes(
        manifest,
        quarantine=table(path=["b", "c"], reason=["no frame decodes", "is black"]),
        clips=table(path=["a", "d", "e"], reason=["", "too dark", ""]),
        features=table(path=["a", "d", "e"], reason=["", "no clip", "crashed"]),
    )
    assert found.to_numpy().tolist() == [
        ["a", "run", "ok", "", ""],
        ["b", "run", "failed", "ingest", "is empty (0 bytes)"],
        ["c", "run", "skipped", "validate", "is black"],
        ["d", "run", "failed", "preprocess", "too dark"],
        ["e", "run", "failed", "extract", "crashed"],
    ]
