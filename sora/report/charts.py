"""Line charts as inline SVG: they follow the reader's colours and the width of the screen.

A chart is 320 x 196 units; shares in [0, 1] run up, positions in [0, 1] run right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

WIDTH, HEIGHT = 320, 196
LEFT, RIGHT, TOP, BOTTOM = 44, 300, 10, 152


@dataclass(frozen=True)
class Series:
    """A line of a chart, and its interval where there is one.

    Attributes:
        title: what it shows; what has the same title on another chart looks the same.
        positions: of the points, in [0, 1].
        values: in [0, 1], one for each position, as ``lows`` and ``highs``.
        look: ``main`` and ``other`` are lines; ``reference`` is dashed and has no points.
    """

    title: str
    positions: Sequence[float]
    values: Sequence[float]
    lows: Sequence[float] = ()
    highs: Sequence[float] = ()
    look: Literal["main", "other", "reference"] = "main"

    @property
    def points(self) -> list[tuple[float, float]]:
        """Where the points lie on the chart."""
        return _placed(self.positions, self.values)

    @property
    def line(self) -> str:
        """The ``points`` of an SVG polyline."""
        return _written(self.points)

    @property
    def band(self) -> str:
        """The ``points`` of an SVG polygon around the interval; empty where there is none."""
        there, back = _placed(self.positions, self.highs), _placed(self.positions, self.lows)
        return _written([*there, *reversed(back)])


@dataclass(frozen=True)
class Chart:
    """A chart: ``description`` says it in words, ``x_ticks`` are positions in [0, 1] with their text."""

    title: str
    description: str
    x_title: str
    x_ticks: Sequence[tuple[float, str]]
    series: Sequence[Series]


def x_place(position: float) -> float:
    """Return where a position in [0, 1] lies on a chart."""
    return round(LEFT + position * (RIGHT - LEFT), 1)


def y_place(value: float) -> float:
    """Return where a value in [0, 1] lies on a chart; what is beyond lies on its edge."""
    return round(BOTTOM - min(1.0, max(0.0, value)) * (BOTTOM - TOP), 1)


def _placed(positions: Sequence[float], values: Sequence[float]) -> list[tuple[float, float]]:
    pairs = zip(positions, values, strict=True) if values else ()
    return [(x_place(position), y_place(value)) for position, value in pairs]


def _written(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)
