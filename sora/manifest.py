"""The tables of the pipeline: the videos, their splits, and which stored result belongs to which."""

import csv
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd

from sora.atomic import replacing
from sora.errors import SoraError
from sora.video.facts import VideoFacts

LABEL_SEPARATOR = ";"
TEXT_FACTS = [field.name for field in fields(VideoFacts) if field.type is str]
VIDEO_COLUMNS = [
    *("path", "file", "label", "group", "start_seconds", "end_seconds"),
    *("content_hash", "size_bytes", "duplicate_of", "outcome", "reason"),
]
MANIFEST_COLUMNS = [*VIDEO_COLUMNS, *(field.name for field in fields(VideoFacts))]
SPLIT_NAMES = ("train", "val", "test")
_TEXT = {
    "path",
    "file",
    "url",
    "label",
    "group",
    "content_hash",
    "duplicate_of",
    "outcome",
    "stage",
    "failed_at",
    "split",
    "key",
    "reason",
    "predicted",
    *TEXT_FACTS,
}


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV, atomically."""
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table that ``write_table`` wrote; text columns stay text, empty text stays empty.

    Raises:
        SoraError: the file is missing or damaged.
    """
    try:
        columns = pd.read_csv(path, nrows=0).columns
        text = {name: str for name in columns if name in _TEXT}
        empty = {name: [""] for name in columns if name not in _TEXT}
        return pd.read_csv(path, dtype=text, keep_default_na=False, na_values=empty, encoding="utf-8")
    except FileNotFoundError as error:
        raise SoraError(f"{path} is missing: run dvc repro") from error
    except (ValueError, UnicodeError) as error:
        raise SoraError(f"{path} is damaged ({error}): delete it and run dvc repro") from error


def read_records(path: Path) -> list[dict[str, Any]]:
    """Read a table as one dict a row; missing numbers are None."""
    table = read_table(path)
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def videos_in(manifest: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that are videos, readable or not, without files that are none and too short pieces."""
    return manifest[(manifest["outcome"] != "skipped") | (manifest["duplicate_of"] != "")]


def final_outcomes(
    manifest: pd.DataFrame, quarantine: pd.DataFrame, clips: pd.DataFrame, features: pd.DataFrame
) -> pd.DataFrame:
    """Return path, label, outcome, stage and reason of every input, by the first stage that ended its way.

    The three later tables have path and reason; an empty reason is none.
    """
    ends = [
        manifest[manifest["outcome"] != "ok"].assign(stage="ingest"),
        quarantine.assign(outcome="skipped", stage="validate"),
        clips.assign(outcome="failed", stage="preprocess"),
        features.assign(outcome="failed", stage="extract"),
    ]
    ended = pd.concat([table[["path", "outcome", "stage", "reason"]] for table in ends])
    first = ended[ended["reason"] != ""].drop_duplicates("path")
    found = manifest[["path", "label"]].merge(first, how="left", on="path")
    return found.fillna({"outcome": "ok", "stage": "", "reason": ""})


def labels_in(label: str) -> list[str]:
    """Return the labels of a video: one, or several that are joined by ``;``, sorted, each once."""
    return sorted({name.strip() for name in label.split(LABEL_SEPARATOR)} - {""})


def by_label(table: pd.DataFrame) -> pd.DataFrame:
    """Return ``table`` with a row for each label of each video, in order; for counting."""
    return table.assign(label=table["label"].map(labels_in)).explode("label", ignore_index=True)


def probability_column(label: str) -> str:
    """Return the name of the column that holds the probability of ``label``."""
    return f"probability_{label}"
