"""The test videos as points on a map: what the model takes for alike lies near each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 640, 420
_MARGIN = 18
MAX_COLOURS = 10
_RIGHT, _WRONG = "named rightly", "named wrongly"


@dataclass(frozen=True)
class Point:
    """A video on the map: its place, the number of its colour, and what to say of it."""

    x: float
    y: float
    colour: int
    is_wrong: bool
    title: str


@dataclass(frozen=True)
class EmbeddingMap:
    """Points, wrong ones last so that they lie on top, and what each colour means, in its order."""

    points: Sequence[Point]
    legend: Sequence[str]


def embedding_map(rows: Sequence[dict[str, Any]]) -> EmbeddingMap | None:
    """Return the map, None for no video; ``rows`` have path, label, predicted, x and y, in any range.

    Colours are labels where there are at most 10, else right and wrong: more cannot be told apart.
    """
    if not rows:
        return None
    labels = sorted({row["label"] for row in rows})
    legend = labels if len(labels) <= MAX_COLOURS else [_RIGHT, _WRONG]
    places = zip(
        _spread([row["x"] for row in rows], WIDTH), _spread([row["y"] for row in rows], HEIGHT), strict=True
    )
    points = [_point(row, x, HEIGHT - y, legend) for row, (x, y) in zip(rows, places, strict=True)]
    return EmbeddingMap(sorted(points, key=lambda point: point.is_wrong), legend)


def _point(row: dict[str, Any], x: float, y: float, legend: Sequence[str]) -> Point:
    is_wrong = row["label"] != row["predicted"]
    meaning = row["label"] if row["label"] in legend else _WRONG if is_wrong else _RIGHT
    said = f"{row['label']}, named {row['predicted']}" if is_wrong else row["label"]
    return Point(x, y, legend.index(meaning), is_wrong, f"{row['path']}: {said}")


def _spread(values: Sequence[float], length: int) -> list[float]:
    low, high = min(values), max(values)
    inner = length - 2 * _MARGIN
    return [
        round(_MARGIN + (inner * (value - low) / (high - low) if high > low else inner / 2), 1)
        for value in values
    ]
