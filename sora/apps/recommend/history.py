"""Who watched what and when: rows of a CSV file."""

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sora.errors import SoraError

REQUIRED = ("user", "video", "time")
_RANGES = {"rating": (1.0, 5.0), "completion": (0.0, 1.0)}


@dataclass(frozen=True)
class Watch:
    """One user watched one video.

    Attributes:
        user: who.
        video: which, by its name in the index.
        time_seconds: when, since 1970.
        rating: from 1, bad, to 5, good; NaN where there is none.
        completion: share of the video that was watched, in 0..1; NaN where it is not known.
    """

    user: str
    video: str
    time_seconds: float
    rating: float = math.nan
    completion: float = math.nan


def read_history(path: Path) -> list[Watch]:
    """Read the columns user, video and time, and rating and completion where they are; others are left.

    ``time`` is a date with or without a time of day as ISO 8601 has it, in UTC where it names no zone, or
    seconds since 1970. Empty ratings and completions are none.

    Raises:
        SoraError: the file cannot be read, lacks a column, or a row is wrong; its line is told.
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(_watches(csv.DictReader(file, strict=True), path))
    except OSError as error:
        raise SoraError(f"{path}: the history cannot be read ({error.strerror})") from error
    except UnicodeError as error:
        raise SoraError(f"{path}: the history is not UTF-8 text ({error})") from error


def _watches(rows: csv.DictReader, path: Path) -> Iterable[Watch]:
    try:
        missing = set(REQUIRED) - set(rows.fieldnames or ())
        if missing:
            raise ValueError(f"columns {', '.join(REQUIRED)} expected, {', '.join(sorted(missing))} missing")
        for row in rows:
            yield _watch(row)
    except UnicodeError:
        raise  # of the file, not of a line
    except (csv.Error, ValueError) as error:
        raise SoraError(f"{path}, line {max(1, rows.reader.line_num)}: {error}") from error


def _watch(row: dict) -> Watch:
    if None in row or None in row.values():
        raise ValueError("as many values as columns expected")
    for name in ("user", "video"):
        if not row[name].strip():
            raise ValueError(f"{name} is empty")
    rating, completion = (_number_within(row, name) for name in _RANGES)
    return Watch(row["user"].strip(), row["video"].strip(), _seconds(row["time"]), rating, completion)


def _number_within(row: dict[str, str], name: str) -> float:
    text, (low, high) = row.get(name, "").strip(), _RANGES[name]
    if not text:
        return math.nan
    number = _number(text)
    if number is None or not low <= number <= high:
        raise ValueError(f"{name}: a number from {low:g} to {high:g} expected, or nothing, got {text!r}")
    return number


def _seconds(text: str) -> float:
    number = _number(text)
    if number is not None and math.isfinite(number):
        return number
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ValueError(f"time: 2026-01-31T12:00:00 or seconds since 1970 expected, got {text!r}") from error
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
