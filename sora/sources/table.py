"""labels.csv, row by row; every error names the line."""

import csv
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TextIO

from sora.errors import SoraError
from sora.manifest import LABEL_SEPARATOR, SPLIT_NAMES, labels_in
from sora.video.read import Window

LABELS = "labels.csv"
DEFAULT_GROUP_COLUMN = "group"
_OWN_COLUMNS = {"path", "label", "start_seconds", "end_seconds", "sha256"}
_UNSAFE_IN_PATHS = ("\n", "\r", "\0")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class LabelRow:
    """One row: ``path`` is still a path, a pattern or a URL; ``group`` and ``split`` may be empty.

    ``attributes`` has all columns but those with a meaning of their own; the group's and the split's too.
    """

    line: int
    path: str
    label: str
    group: str
    split: str
    window: Window
    sha256: str
    attributes: Mapping[str, str]


def read_labels(
    file: TextIO, table: str, split_column: str = "", group_column: str = DEFAULT_GROUP_COLUMN
) -> Iterator[LabelRow]:
    """Yield the rows of a labels.csv with their values checked, not yet whether their files are there.

    ``table`` is what errors call it.

    Columns: path, label (several with ``;``), and, all of them optional, the group column, the split
    column, start_seconds, end_seconds (of a part of the file) and sha256. Others are kept as they are.

    Raises:
        SoraError: the table, a column or a value is not as it should be.
    """
    rows, columns = _read_rows(file, table)
    needed = {"path", "label", split_column} - {""}
    if group_column != DEFAULT_GROUP_COLUMN:
        needed |= {group_column}
    for column in sorted(needed - set(columns), key=["path", "label", split_column, group_column].index):
        raise SoraError(f"{table} has no column {column!r}; it has {', '.join(columns) or 'none'}")
    for line, cells in rows:
        if "" in cells and "" not in columns:
            raise SoraError(f"{table}, line {line}: has more cells than the {len(columns)} columns")
    for line, cells in rows:
        values = {name: value.strip() for name, value in cells.items() if name in columns}
        yield _row(table, line, values, split_column, group_column)


def _read_rows(file: TextIO, table: str) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
    """Return each row with the number of its line, and the columns; blank lines are passed over."""
    try:
        reader = csv.DictReader(file, restkey="", restval="", strict=True)
        columns = list(reader.fieldnames or [])
        return [(reader.line_num, row) for row in reader], columns
    except (csv.Error, UnicodeError) as error:
        raise SoraError(f"{table} is not a CSV table in UTF-8: {error}") from error


def _row(table: str, line: int, values: dict[str, str], split_column: str, group_column: str) -> LabelRow:
    where = f"{table}, line {line}"
    path, label = values["path"], LABEL_SEPARATOR.join(labels_in(values["label"]))
    split = values[split_column] if split_column else ""
    sha256 = values.get("sha256", "").lower()
    if not path or any(character in path for character in _UNSAFE_IN_PATHS):
        raise SoraError(f"{where}: there is no file {path!r} in {table.removesuffix(LABELS)[:-1]}")
    if not label:
        raise SoraError(f"{where}: {path} has no label")
    if split_column and split not in SPLIT_NAMES:
        raise SoraError(f"{where}: {split_column} is {split!r}, expected {', '.join(SPLIT_NAMES)}")
    if sha256 and not _SHA256.fullmatch(sha256):
        raise SoraError(f"{where}: sha256 is {sha256!r}, expected 64 hexadecimal digits")
    attributes = {name: value for name, value in values.items() if name not in _OWN_COLUMNS}
    window = _window(where, values)
    return LabelRow(line, path, label, values.get(group_column, ""), split, window, sha256, attributes)


def _window(where: str, values: dict[str, str]) -> Window:
    start = _seconds(where, "start_seconds", values.get("start_seconds", ""), 0.0)
    end = _seconds(where, "end_seconds", values.get("end_seconds", ""), math.inf)
    if start >= end:
        raise SoraError(f"{where}: end_seconds is {end:g}, expected more than start_seconds, {start:g}")
    return Window(start, end)


def _seconds(where: str, column: str, text: str, default: float) -> float:
    """Return a time in milliseconds' steps, which is what the name of a part tells."""
    try:
        seconds = round(float(text), 3) if text else default
    except ValueError:
        seconds = math.nan
    if not seconds >= 0 or (text and math.isinf(seconds)):
        raise SoraError(f"{where}: {column} is {text!r}, expected a number of seconds")
    return seconds
