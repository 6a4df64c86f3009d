"""The user's folder of videos: class folders, or a labels.csv."""

import csv
from dataclasses import dataclass
from pathlib import Path

from sora.errors import SoraError
from sora.manifest import SPLIT_NAMES
from sora.video.container import SUFFIXES

LABELS = "labels.csv"
_UNSAFE_IN_PATHS = ("\n", "\r", "\0")


@dataclass(frozen=True)
class LabelledVideo:
    """One row: the path relative to the source, its label, its source group, and a given split or ``""``."""

    path: str
    label: str
    group: str
    split: str = ""


def list_videos(source: Path, split_column: str = "") -> list[LabelledVideo]:
    """Return the labelled videos of a folder, sorted by path.

    With a labels.csv its columns path, label and, if present, group count; without one, each subfolder is
    a label. A video without a group is a group of its own.

    Raises:
        SoraError: the folder is missing, empty or inconsistent, or there are fewer than two labels.
    """
    if not source.is_dir():
        raise SoraError(f"ingest.source: there is no folder {source}; name the folder that holds your videos")
    table = source / LABELS
    if split_column and not table.is_file():
        raise SoraError(f"ingest.split_column is {split_column!r} but {source} has no {LABELS}")
    videos = _from_table(table, split_column) if table.is_file() else _from_folders(source)
    labels = sorted({video.label for video in videos})
    if not videos:
        raise SoraError(
            f"{source} holds no videos ({', '.join(sorted(SUFFIXES))} in a folder for each label)"
        )
    if len(labels) < 2:
        raise SoraError(f"{source} has the label {labels[0]!r} only; at least two labels are needed")
    return sorted(videos, key=lambda video: video.path)


def _from_folders(source: Path) -> list[LabelledVideo]:
    videos = []
    for folder in sorted(p for p in source.iterdir() if p.is_dir() and not p.name.startswith(".")):
        files = [p for p in sorted(folder.rglob("*")) if p.is_file() and p.suffix.lower() in SUFFIXES]
        if not files:
            raise SoraError(f"{folder} is a label without videos; add some or remove the folder")
        names = [file.relative_to(source).as_posix() for file in files]
        videos += [LabelledVideo(name, folder.name, name) for name in names]
    return videos


def _from_table(table: Path, split_column: str) -> list[LabelledVideo]:
    rows = _read_labels(table, split_column)
    videos = [_row_video(table, number, row, split_column) for number, row in rows]
    paths = [video.path for video in videos]
    twice = next((path for path in paths if paths.count(path) > 1), None)
    if twice:
        raise SoraError(f"{table}: {twice} is listed more than once")
    return videos


def _read_labels(table: Path, split_column: str) -> list[tuple[int, dict[str, str]]]:
    """Return each row with the number of its line; blank lines are passed over."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey="", restval="", strict=True)
            columns = list(reader.fieldnames or [])
            rows = [(reader.line_num, row) for row in reader]
    except (csv.Error, UnicodeError) as error:
        raise SoraError(f"{table} is not a CSV table in UTF-8: {error}") from error
    for column in ["path", "label", *([split_column] if split_column else [])]:
        if column not in columns:
            raise SoraError(f"{table} has no column {column!r}; it has {', '.join(columns) or 'none'}")
    for number, row in rows:
        if "" in row and "" not in columns:
            raise SoraError(f"{table}, line {number}: has more cells than the {len(columns)} columns")
    return rows


def _row_video(table: Path, number: int, row: dict[str, str], split_column: str) -> LabelledVideo:
    path, label, where = row["path"].strip(), row["label"].strip(), f"{table}, line {number}"
    if not path or any(c in path for c in _UNSAFE_IN_PATHS) or not (table.parent / path).is_file():
        raise SoraError(f"{where}: there is no file {path!r} in {table.parent}")
    if not label:
        raise SoraError(f"{where}: {path} has no label")
    split = row[split_column].strip() if split_column else ""
    if split_column and split not in SPLIT_NAMES:
        raise SoraError(f"{where}: {split_column} is {split!r}, expected {', '.join(SPLIT_NAMES)}")
    return LabelledVideo(Path(path).as_posix(), label, row.get("group", "").strip() or path, split)
