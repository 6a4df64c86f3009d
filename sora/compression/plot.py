"""The candidates of compression as one figure; no function touches matplotlib's global state."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from sora.evaluation.plots import Format, image_bytes

_BLUE, _ORANGE, _GREY = "#2f6db5", "#d9792b", "#a3aab3"
_INK, _GRID = "#333a44", "#e3e6ea"
_MARKERS = {"litert": "o", "onnx": "s"}
_PANELS = (("latency_ms_median", 1, "Milliseconds a video"), ("size_bytes", 1e6, "Megabytes"))


def pareto_plot(report: Mapping[str, Any], image_format: Format = "png") -> bytes:
    """Draw test accuracy with its 95 % interval over time and over size, from the JSON report of compress.

    The line joins the candidates that no other one beats in both. What may not be served is grey; what is
    served here or on edge devices is filled and named in full.
    """
    rows = report["candidates"]
    figure = Figure(figsize=(9.6, 4.2), layout="constrained")
    for axes, (column, unit, title) in zip(figure.subplots(1, 2, sharey=True), _PANELS, strict=True):
        _draw(axes, rows, column, unit, _roles(report))
        axes.set_xlabel(title)
    figure.axes[0].set_ylabel("Accuracy on test videos")
    return image_bytes(figure, image_format)


def frontier(points: Sequence[tuple[float, float]]) -> list[int]:
    """Return which (cost, gain) no other one beats: none costs less and gains as much; by cost, lowest first.

    Of equal points the first is kept.
    """
    best, found = float("-inf"), []
    for place in sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1])):
        if points[place][1] > best:
            best = points[place][1]
            found.append(place)
    return found


def _roles(report: Mapping[str, Any]) -> dict[str, str]:
    served, edge = report["chosen"], report["edge"]["chosen"]
    return {served: "here and edge"} if served == edge else {served: "here", edge: "edge"}


def _draw(
    axes: Axes, rows: Sequence[Mapping[str, Any]], column: str, unit: float, roles: Mapping[str, str]
) -> None:
    points = [(row[column] / unit, row["accuracy"]) for row in rows]
    line = [points[place] for place in frontier(points)]
    axes.plot(*zip(*line, strict=True), color=_BLUE, linewidth=1.2, alpha=0.5, drawstyle="steps-post")
    for row, point in zip(rows, points, strict=True):
        _draw_candidate(axes, row, point, roles.get(row["name"], ""))
    axes.set_xlim(left=0)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, colors=_INK, labelsize=9)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _draw_candidate(axes: Axes, row: Mapping[str, Any], point: tuple[float, float], role: str) -> None:
    colour = _ORANGE if role else _GREY if row["refused"] else _BLUE
    x, y = point
    ends = [[y - row["accuracy_interval_low"]], [row["accuracy_interval_high"] - y]]
    axes.errorbar(x, y, yerr=ends, color=colour, elinewidth=1, alpha=0.45, zorder=2)
    axes.plot(
        x,
        y,
        marker=_MARKERS[row["runtime"]],
        color=colour,
        markerfacecolor=colour if role else "white",
        markersize=8 if role else 6,
        zorder=3,
    )
    name = f"{row['name']} ({role})" if role else row["name"]
    axes.annotate(
        name,
        point,
        xytext=(4, 5),
        textcoords="offset points",
        rotation=35,
        fontsize=8,
        color=_INK if role else colour,
    )
