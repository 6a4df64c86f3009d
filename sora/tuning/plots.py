"""Plots of a search as PNG bytes: its history, what mattered, and the value by each parameter.

No function touches matplotlib's global state. Tables are those of ``sora.tuning.record.trial_table``.
"""

import io
import math
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter

from sora.tuning.space import Parameter, Space

_BLUE, _ORANGE, _GREY, _GRID = "#2f6db5", "#d9792b", "#9aa3ad", "#e3e6ea"
_SHOWN = (("finished", _BLUE, "finished"), ("given up", _GREY, "given up (mean of fewer folds)"))
_DPI = 144
_NUM_COLUMNS = 3
_NUM_LETTERS, _MIN_LETTERS = 48, 8  # that fit below an axis, and below one of its ticks
_JITTER = 0.12


def history_plot(table: pd.DataFrame, metric: str) -> bytes:
    """Draw the value of each trial, and the best so far."""
    figure = Figure(figsize=(8.4, 3.6), layout="constrained")
    axes = figure.add_subplot()
    over = table[table["state"] == "finished"]
    best = over["value"].cummin() if metric == "log_loss" else over["value"].cummax()
    _scatter(axes, table, table["trial"])
    axes.step(over["trial"], best, where="post", color=_ORANGE, label="best so far")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _finish(axes, metric, "trial")
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=9)
    return _png(figure)


def importance_plot(importances: dict[str, float], metric: str) -> bytes:
    """Draw the share of each parameter in how the value varies; empty shares are said to be unknown."""
    figure = Figure(figsize=(8.4, 0.9 + 0.4 * max(2, len(importances))), layout="constrained")
    axes = figure.add_subplot()
    if not importances:
        axes.text(0.5, 0.5, "too few trials to tell", ha="center", va="center", transform=axes.transAxes)
    names = list(importances)[::-1]
    bars = axes.barh(names, [importances[name] for name in names], color=_BLUE)
    axes.bar_label(bars, fmt="{:.0%}", padding=3, fontsize=9)
    axes.set_xlim(0, 1.1)
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}" if share <= 1 else "")
    _finish(axes, "", f"share in the variation of {_words(metric)}, of parameters that every trial has")
    return _png(figure)


def slices_plot(table: pd.DataFrame, space: Space, metric: str) -> bytes:
    """Draw the value of each trial by each parameter, in the trials in which that counts."""
    num_rows = math.ceil(len(space.parameters) / _NUM_COLUMNS)
    figure = Figure(figsize=(12.6, 0.6 + 3.2 * num_rows), layout="constrained")
    grid = figure.subplots(num_rows, _NUM_COLUMNS, squeeze=False, sharey=True).ravel()
    for axes, (name, parameter) in zip(grid, space.parameters.items(), strict=False):
        _slice(axes, table[table[name].notna()], name, parameter)
        _finish(axes, metric, name)
    for axes in grid[len(space.parameters) :]:
        axes.set_visible(False)
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
    return _png(figure)


def _slice(axes: Axes, table: pd.DataFrame, name: str, parameter: Parameter) -> None:
    if parameter.range:
        _scatter(axes, table, table[name].astype(float))
        axes.set_xscale("log" if parameter.log else "linear")
        axes.set_xlim(*parameter.range)
        axes.xaxis.set_minor_formatter(NullFormatter())
        return
    texts = parameter.texts()
    # Points of one choice would hide each other.
    shift = _JITTER * np.sin(table["trial"].to_numpy() * 2.4)
    _scatter(axes, table, table[name].map(texts.index).astype(float) + shift)
    width = max(_MIN_LETTERS, _NUM_LETTERS // len(texts))
    axes.set_xticks(
        range(len(texts)), [fill(text, width, break_long_words=False) for text in texts], fontsize=8
    )
    axes.set_xlim(-0.5, len(texts) - 0.5)


def _scatter(axes: Axes, table: pd.DataFrame, x: pd.Series) -> None:
    for state, colour, title in _SHOWN:
        rows = table["state"] == state
        axes.scatter(x[rows], table["value"][rows], s=22, color=colour, label=title, zorder=3)


def _finish(axes: Axes, metric: str, x_label: str) -> None:
    axes.set(xlabel=x_label, ylabel=_words(metric))
    axes.grid(color=_GRID)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _words(metric: str) -> str:
    return metric.replace("_", " ")


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
    return buffer.getvalue()
