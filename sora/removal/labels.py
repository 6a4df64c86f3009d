"""Rows of a labels.csv that go."""

import csv
import io
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from sora.atomic import write_text


class _Row(NamedTuple):
    """A row as text, with the number of the line on which it ends, and its cells."""

    text: str
    line: int
    cells: list[str]


def lines_of(table: Path, locations: Collection[str]) -> tuple[int, ...]:
    """Return the lines on which rows of these paths or URLs end; none where there is no table.

    A pattern is no row of one video: it stays.
    """
    if not table.is_file():
        return ()
    header, *rows = _rows(table)
    column = header.cells.index("path")
    return tuple(row.line for row in rows if row.cells and _location(row.cells[column]) in locations)


def remove_lines(table: Path, lines: Collection[int]) -> None:
    """Write the table without the rows that end on these lines; all others stay as they are."""
    write_text(table, "".join(row.text for row in _rows(table) if row.line not in lines))


def _location(path: str) -> str:
    return path.strip() if "://" in path else Path(path.strip()).as_posix()


def _rows(table: Path) -> Iterator[_Row]:
    lines = list(io.StringIO(table.read_bytes().decode("utf-8-sig"), newline=""))
    reader, start = csv.reader(lines, strict=True), 0
    for cells in reader:
        yield _Row("".join(lines[start : reader.line_num]), reader.line_num, cells)
        start = reader.line_num
