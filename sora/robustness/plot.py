"""The curves of robustness as one figure; no function touches matplotlib's global state."""

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from sora.evaluation.plots import Format, image_bytes

_BLUE, _ORANGE, _GREY = "#2f6db5", "#d9792b", "#8b949e"
_INK, _GRID = "#333a44", "#e3e6ea"
_NUM_COLUMNS = 3
_ORDERS = {
    "reversed": "back-\nwards",
    "shuffled": "moments\nshuffled",
    "shuffled_frames": "frames\nshuffled",
    "still": "moments\nstill",
}


def robustness_plot(found: dict[str, Any], image_format: Format = "png") -> bytes:
    """Draw accuracy by level, a small figure for each condition and one for the orders of time.

    ``found`` is what ``sora.robustness.conditions.robustness`` gives, or ``nothing_measured``. Bands and bars
    are 95 % intervals; the dashed line is chance, where there is such a thing.
    """
    if not found["num_videos"]:
        return image_bytes(_note("Not measured: stress.num_videos is 0"), image_format)
    num_panels = len(found["conditions"]) + 1
    num_rows = math.ceil(num_panels / _NUM_COLUMNS)
    figure = Figure(figsize=(9.6, 0.35 + 2.6 * num_rows), layout="constrained")
    grid = figure.subplots(num_rows, _NUM_COLUMNS, squeeze=False, sharey=True).ravel()
    for axes, condition in zip(grid, found["conditions"], strict=False):
        _draw_levels(axes, condition, found)
    _draw_orders(grid[num_panels - 1], found)
    for axes in grid[:num_panels]:
        _finish(axes, found["chance"])
    if found["chance"] is not None:
        _name_chance(grid[0], found["chance"])
    for axes in grid[num_panels:]:
        axes.set_visible(False)
    figure.supylabel("Accuracy", color=_INK, fontsize=10)
    return image_bytes(figure, image_format)


def _draw_levels(axes: Axes, condition: dict[str, Any], found: dict[str, Any]) -> None:
    points = [found, *condition["levels"]]
    places = range(len(points))
    low, high = _ends(points)
    axes.fill_between(places, low, high, color=_BLUE, alpha=0.16, linewidth=0)
    axes.plot(places, [point["accuracy"] for point in points], color=_BLUE, marker="o", markersize=4.5)
    axes.set_xticks(places, ["clean", *(f"{level['level']:g}" for level in condition["levels"])])
    axes.set_xlim(-0.3, len(points) - 0.7)
    axes.set_xlabel(condition["unit"])
    axes.set_title(condition["title"])


def _draw_orders(axes: Axes, found: dict[str, Any]) -> None:
    points = [found, *(found["time"][name] for name in _ORDERS)]
    for place, (point, low, high) in enumerate(zip(points, *_ends(points), strict=True)):
        colour = _ORANGE if place else _BLUE
        axes.vlines(place, low, high, color=colour, alpha=0.45, linewidth=3)
        axes.plot(place, point["accuracy"], color=colour, marker="o", markersize=5.5)
    axes.set_xticks(range(len(points)), ["clean", *_ORDERS.values()])
    axes.set_xlim(-0.5, len(points) - 0.5)
    axes.set_title("Order of time")


def _name_chance(axes: Axes, chance: float) -> None:
    place = axes.get_xlim()[0], chance
    axes.annotate("chance", place, (2, 3), textcoords="offset points", color=_GREY, fontsize=8)


def _ends(points: Sequence[dict[str, Any]]) -> tuple[list[float], list[float]]:
    return (
        [point["accuracy_interval_low"] for point in points],
        [point["accuracy_interval_high"] for point in points],
    )


def _finish(axes: Axes, chance: float | None) -> None:
    if chance is not None:
        axes.axhline(chance, color=_GREY, linestyle=(0, (4, 3)), linewidth=1.2, zorder=1)
    axes.set_ylim(-0.03, 1.05)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.grid(axis="y", color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, colors=_INK, labelsize=8.5)
    axes.xaxis.label.set(color=_INK, fontsize=9)
    axes.set_title(axes.get_title(), color=_INK, fontsize=11, loc="left", fontweight="bold")
    axes.set_title("")
    for spine in axes.spines.values():
        spine.set_visible(False)


def _note(text: str) -> Figure:
    figure = Figure(figsize=(9.6, 1.2))
    figure.text(0.5, 0.5, text, ha="center", va="center", color=_INK)
    return figure
