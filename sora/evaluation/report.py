"""The report: one HTML page that needs no network, from plain values."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sora.decision import THRESHOLD
from sora.evaluation import plots
from sora.evaluation.metrics import confusion_matrix
from sora.manifest import labels_in
from sora.video.strip import middle_tile

MAX_QUARANTINED = 24
MAX_COPIES = 24
_DEMO_SOURCE = ("data", "demo")
_TEMPLATE = "report.html.jinja"


@dataclass(frozen=True)
class ReportInput:
    """Everything that the report shows; an empty value leaves its section out.

    ``metrics``: of ``classification_metrics``. ``per_class``: of ``per_class_table``, in the order of labels.
    ``predictions``: path, label, predicted, probabilities (label to number). ``data_counts``: label to split
    to number of videos; ``split_counts``: split to that number, where a video of several labels counts once.
    ``quarantined``: path to reasons. ``compression``: candidates (name, size_bytes,
    latency_ms_median, accuracy, and optionally macro_f1, max_probability_change, reason), chosen, reason.
    ``history``: epoch, loss, accuracy, val_loss, val_accuracy. ``thumbnails``: path to strip (JPEG bytes, see
    ``sora.video.strip``). ``validation``: the JSON report of validate. ``lineage``: name to hash.
    """

    source: str
    metrics: Mapping[str, Any]
    per_class: list[dict[str, Any]]
    predictions: list[dict[str, Any]]
    data_counts: Mapping[str, Mapping[str, int]]
    split_counts: Mapping[str, int]
    model_name: str = ""
    quarantined: Mapping[str, list[str]] = field(default_factory=dict)
    validation: Mapping[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    compression: Mapping[str, Any] = field(default_factory=dict)
    thumbnails: Mapping[str, bytes] = field(default_factory=dict)
    lineage: Mapping[str, str] = field(default_factory=dict)
    num_mistakes: int = 12


def render_report(context: ReportInput) -> str:
    """Return the page as HTML; equal input gives an equal page. Text of the input is escaped."""
    labels = [row["label"] for row in context.per_class]
    mistakes = worst_mistakes(context.predictions)
    return (
        _environment()
        .get_template(_TEMPLATE)
        .render(
            report=context,
            labels=labels,
            several_labels=has_several_labels(context.metrics),
            threshold=THRESHOLD,
            is_demo=is_demo(context.source),
            mistakes=mistakes[: context.num_mistakes],
            num_mistakes=len(mistakes),
            quarantined=list(context.quarantined.items())[:MAX_QUARANTINED],
            quality=data_quality(context.validation),
            chosen=_chosen(context.compression),
            figures=_figures(context, labels),
        )
    )


def data_quality(validation: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the report shows of validate's JSON report: warnings by rule, and copies that matter."""
    if not validation:
        return {}
    warnings: dict[str, list[str]] = {}
    for row in validation["warnings"]:
        line = f"{row['path']}: {row['reason']}" if row["path"] else row["reason"]
        warnings.setdefault(row["rule"], []).append(line)
    pairs = validation["near_duplicates"]
    copies = [pair for pair in pairs if _matters(pair)]
    return {
        "warnings": warnings,
        "confounds": validation["confounds"],
        "copies": copies,
        "shown_copies": copies[:MAX_COPIES],
        "num_harmless_copies": len(pairs) - len(copies),
        "released": validation["released"],
    }


def _matters(pair: Mapping[str, Any]) -> bool:
    ends = ("label", "group", "split")
    return pair["kind"] == "exact" or any(pair[name] != pair[f"other_{name}"] for name in ends)


def worst_mistakes(predictions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the wrong predictions, most confident first.

    Each gets ``about``, the most probable of the labels that it names wrongly, and ``probability``, of it.
    Where all that it names are right, ``about`` is the label that it leaves out, and ``probability`` that of
    the video not having it; ``is_named`` tells the two apart.
    """
    wrong = [{**row, **_worst_answer(row)} for row in predictions if row["predicted"] != row["label"]]
    return sorted(wrong, key=lambda row: (-row["probability"], row["path"]))


def has_several_labels(metrics: Mapping[str, Any]) -> bool:
    """Whether the metrics are of a model that may give a video several labels."""
    return metrics["kind"] == "several_labels"


def _worst_answer(row: Mapping[str, Any]) -> dict[str, Any]:
    true, predicted = set(labels_in(row["label"])), set(labels_in(row["predicted"]))
    probabilities = row["probabilities"]
    if predicted - true:
        about = max(sorted(predicted - true), key=probabilities.__getitem__)
        return {"about": about, "is_named": True, "probability": probabilities[about]}
    about = min(sorted(true - predicted), key=probabilities.__getitem__)
    return {"about": about, "is_named": False, "probability": 1 - probabilities[about]}


def is_demo(source: str) -> bool:
    """Whether the videos come from data/demo, which Sora renders itself."""
    return PurePath(source).parts[-2:] == _DEMO_SOURCE


def _figures(context: ReportInput, labels: list[str]) -> dict[str, bytes]:
    true = [row["label"] for row in context.predictions]
    predicted = [row["predicted"] for row in context.predictions]
    figures = {"per_class": plots.per_class_plot(context.per_class)}
    if context.predictions and not has_several_labels(context.metrics):
        figures["confusion"] = plots.confusion_matrix_plot(confusion_matrix(true, predicted, labels), labels)
    if len(context.history) > 1:  # the head linear is fitted in one step
        figures["history"] = plots.training_curves_plot(context.history)
    return figures


def _chosen(compression: Mapping[str, Any]) -> Mapping[str, Any] | None:
    candidates = compression.get("candidates", [])
    return next((row for row in candidates if row["name"] == compression["chosen"]), None)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=_percent, bytes=_bytes, data_uri=_data_uri, middle_tile=middle_tile)
    return environment


def _percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def _bytes(size: float) -> str:
    """Write a size in decimal units, as file managers do."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}" if size < 1000 * factor else f"{size / factor:.0f} {unit}"
    return f"{size:.0f} B"


def _data_uri(image: bytes) -> str:
    kind = "png" if image.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"
