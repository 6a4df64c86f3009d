"""Figures as bytes: the confusion matrix, training curves, scores per class, calibration and ranking.

No function touches matplotlib's global state, so any thread may draw.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

Format = Literal["png", "svg"]

_BLUE, _ORANGE, _GREEN = "#2f6db5", "#d9792b", "#3c9a6b"
_CURVES = (_BLUE, _ORANGE, _GREEN, "#8b5fb0", "#c2464f", "#2f9fb3")
_INK, _GRID, _FAINT = "#333a44", "#e3e6ea", "#b4bac2"
_DPI = 144
_MAX_ANNOTATED_LABELS = 25
_MAX_LABEL_LETTERS = 24


def confusion_matrix_plot(matrix: np.ndarray, labels: list[str], image_format: Format = "png") -> bytes:
    """Draw counts (true label, predicted label); the shade is the share of the true label's videos."""
    num_labels = len(labels)
    side = float(np.clip(1.8 + 0.55 * num_labels, 3.6, 16))
    figure = Figure(figsize=(side + 0.8, side), layout="constrained")
    axes = figure.add_subplot()
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names = [_short(label) for label in labels]
    axes.set_xticks(range(num_labels), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(num_labels), names)
    axes.set(xlabel="Predicted", ylabel="True")
    _plain_frame(axes)
    if num_labels <= _MAX_ANNOTATED_LABELS:
        _write_counts(axes, matrix, shares)
    bar = figure.colorbar(
        image, ax=axes, shrink=0.75, ticks=[0, 0.5, 1], format=lambda share, _: f"{share:.0%}"
    )
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, colors=_INK, labelsize=8)
    return image_bytes(figure, image_format)


def training_curves_plot(history: list[dict[str, Any]], image_format: Format = "png") -> bytes:
    """Draw loss and accuracy by epoch; rows have epoch, loss, accuracy, val_loss and val_accuracy."""
    figure = Figure(figsize=(8.4, 3.2), layout="constrained")
    epochs = [row["epoch"] for row in history]
    for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for key, colour, title in ((name, _BLUE, "training"), (f"val_{name}", _ORANGE, "validation")):
            marker = "o" if len(history) <= 30 else ""
            values = [row[key] for row in history]
            axes.plot(epochs, values, color=colour, marker=marker, markersize=3, linewidth=1.8, label=title)
        axes.set_title(name.capitalize(), color=_INK, fontsize=11, loc="left", fontweight="bold")
        axes.set_xlabel("Epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(color=_GRID, linewidth=0.8)
        axes.legend(frameon=False, fontsize=9, labelcolor=_INK)
        _plain_frame(axes)
    figure.axes[1].set_ylim(-0.02, 1.02)
    return image_bytes(figure, image_format)


def per_class_plot(rows: list[dict[str, Any]], image_format: Format = "png") -> bytes:
    """Draw precision, recall and F1 as bars; rows as of ``metrics.per_class_table``."""
    figure = Figure(figsize=(7, max(2.2, 1.0 + 0.62 * len(rows))), layout="constrained")
    axes = figure.add_subplot()
    places = np.arange(len(rows))
    for offset, (key, title, colour) in enumerate(
        (("precision", "Precision", _BLUE), ("recall", "Recall", _ORANGE), ("f1", "F1", _GREEN))
    ):
        axes.barh(places + 0.25 * (offset - 1), [row[key] for row in rows], 0.22, color=colour, label=title)
    axes.set_yticks(places, [f"{_short(row['label'])} ({row['num_videos']})" for row in rows])
    axes.set_ylim(len(rows) - 0.45, -0.55)
    axes.set_xlim(0, 1.0)
    axes.grid(axis="x", color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    _plain_frame(axes)
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=9, labelcolor=_INK)
    return image_bytes(figure, image_format)


def reliability_plot(bins: list[dict[str, Any]], image_format: Format = "png") -> bytes:
    """Draw accuracy over confidence, and how many videos a bin has; rows of ``calibration.reliability``.

    Bins of few videos are pale, for their accuracy is mostly chance.
    """
    figure = Figure(figsize=(4.6, 5.4), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    left = [row["confidence_low"] for row in bins]
    width = [row["confidence_high"] - row["confidence_low"] for row in bins]
    counts = [row["num_videos"] for row in bins]
    shades = [(_BLUE, 0.25 + 0.75 * (count / max(counts)) ** 0.5) for count in counts]
    bar = {"width": [0.94 * each for each in width], "align": "edge"}
    upper.bar(left, [row["accuracy"] for row in bins], color=shades, **bar)
    confidences = [row["mean_confidence"] for row in bins]
    right = [row["confidence_high"] for row in bins]
    upper.hlines(confidences, left, right, color=_ORANGE, linewidth=2.2)
    _diagonal(upper)
    upper.set(ylabel="Accuracy", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    handles = [Patch(color=_BLUE, label="accuracy"), Line2D([], [], color=_ORANGE, label="mean confidence")]
    upper.legend(handles=handles, loc="upper left", frameon=False, fontsize=9, labelcolor=_INK)
    drawn = lower.bar(left, counts, color=_FAINT, **bar)
    lower.bar_label(drawn, fontsize=8, color=_INK, padding=1)
    lower.margins(y=0.25)
    lower.set(xlabel="Confidence", ylabel="Videos", yticks=[])
    upper.grid(axis="y", color=_GRID, linewidth=0.8)
    for axes in (upper, lower):
        axes.set_axisbelow(True)
        _plain_frame(axes)
    return image_bytes(figure, image_format)


def roc_plot(curves: Mapping[str, Mapping[str, list[float]]], image_format: Format = "png") -> bytes:
    """Draw ROC curves by label, of ``ranking.ranking_curves``, with the areas of the worst in the legend."""
    lines = {
        label: _Line(
            curve["false_positive_rate"],
            curve["true_positive_rate"],
            float(np.trapezoid(curve["true_positive_rate"], curve["false_positive_rate"])),
        )
        for label, curve in curves.items()
    }
    figure, axes = _curves_plot(lines, "area", "default", "lower right")
    _diagonal(axes)
    axes.set(xlabel="False positive rate", ylabel="True positive rate")
    return image_bytes(figure, image_format)


def precision_recall_plot(
    curves: Mapping[str, Mapping[str, list[float]]], image_format: Format = "png"
) -> bytes:
    """Draw precision over recall by label, as ``roc_plot`` does; the legend has the average precision."""
    lines = {
        label: _Line(
            curve["recall"],
            curve["precision"],
            float(np.sum(np.diff(curve["recall"]) * np.array(curve["precision"])[1:])),
        )
        for label, curve in curves.items()
    }
    figure, axes = _curves_plot(lines, "average precision", "steps-pre", "lower left")
    axes.set(xlabel="Recall", ylabel="Precision")
    return image_bytes(figure, image_format)


class _Line(NamedTuple):
    x: Sequence[float]
    y: Sequence[float]
    area: float


def _curves_plot(
    lines: Mapping[str, _Line],
    title: str,
    drawstyle: Literal["default", "steps-pre"],
    corner: Literal["lower left", "lower right"],
) -> tuple[Figure, Axes]:
    """Draw the curves of least area in colour, the others faint behind them."""
    figure = Figure(figsize=(4.9, 4.7), layout="constrained")
    axes = figure.add_subplot()
    worst = sorted(lines, key=lambda label: lines[label].area)[: len(_CURVES)]
    for label, line in lines.items():
        if label not in worst:
            axes.plot(line.x, line.y, color=_GRID, linewidth=1, drawstyle=drawstyle)
    for place, (label, colour) in enumerate(zip(worst, _CURVES, strict=False)):
        line = lines[label]
        name = f"{_short(label)}  {line.area:.3f}"
        (drawn,) = axes.plot(line.x, line.y, color=colour, linewidth=1.8, drawstyle=drawstyle, label=name)
        drawn.set_zorder(3 - 0.1 * place)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.set_aspect("equal")
    axes.grid(color=_GRID, linewidth=0.8)
    _plain_frame(axes)
    if worst:
        legend = axes.legend(loc=corner, frameon=False, fontsize=9, labelcolor=_INK, alignment="left")
        legend.set_title(title)
        legend.get_title().set(color=_INK, fontsize=9)
    return figure, axes


def _diagonal(axes: Axes) -> None:
    axes.plot([0, 1], [0, 1], color=_FAINT, linewidth=1.2, linestyle=(0, (4, 3)), zorder=0.5)


def _write_counts(axes: Axes, matrix: np.ndarray, shares: np.ndarray) -> None:
    for (row, column), count in np.ndenumerate(matrix):
        colour = "white" if shares[row, column] > 0.55 else _INK if count else _FAINT
        axes.text(column, row, str(int(count)), ha="center", va="center", color=colour, fontsize=9)


def _plain_frame(axes: Axes) -> None:
    axes.tick_params(length=0, colors=_INK, labelsize=9)
    axes.xaxis.label.set_color(_INK)
    axes.yaxis.label.set_color(_INK)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _short(label: str) -> str:
    """Cut a long label, and keep matplotlib from reading dollar signs as formulas."""
    cut = label if len(label) <= _MAX_LABEL_LETTERS else label[: _MAX_LABEL_LETTERS - 1] + "…"
    return cut.replace("$", r"\$")


def image_bytes(figure: Figure, image_format: Format) -> bytes:
    """Encode a figure without dates or versions, so that equal figures are equal bytes (PNG)."""
    metadata = {"Software": None} if image_format == "png" else {"Date": None}
    buffer = io.BytesIO()
    figure.savefig(buffer, format=image_format, dpi=_DPI, facecolor="white", metadata=metadata)
    return buffer.getvalue()
