"""The sections of the report, in the order that a reader needs; a section without content is left out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from sora.compression.plot import pareto_plot
from sora.decision import THRESHOLD
from sora.evaluation import plots
from sora.evaluation.metrics import confusion_matrix
from sora.evaluation.mistakes import first_answers, worst_mistakes
from sora.report.content import ReportContent
from sora.report.curves import explanation_charts, robustness_charts
from sora.report.data_sheet import data_quality
from sora.report.embedding_map import embedding_map
from sora.report.formats import significant
from sora.report.summary import baselines_beside, performance
from sora.report.trust import trust

MAX_QUARANTINED = 24
NUM_ANSWERS = 3
NUM_RIGHT_EXAMPLES = 6
MAX_SLICES = 12

_ORDERS = {
    "reversed": "backwards",
    "shuffled": "moments shuffled",
    "shuffled_frames": "all frames shuffled",
    "still": "standing still within each moment",
}

Values: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Section:
    """A section: ``name`` is its anchor and its template, ``values`` are those of the template."""

    name: str
    title: str
    short_title: str
    values: Values


def sections(content: ReportContent) -> list[Section]:
    """Return the sections that have content, in order."""
    builders: tuple[tuple[str, str, str, Callable[[ReportContent], Values]], ...] = (
        ("summary", "In plain words", "Summary", _summary),
        ("comparison", "Compared with another model", "Comparison", _comparison),
        ("confusion", "What is taken for what", "Confusion", _confusion),
        ("classes", "Class by class", "Classes", _classes),
        ("calibration", "Are its probabilities right?", "Probabilities", _calibration),
        ("slices", "Where it does worse", "Slices", _slices),
        ("training", "Training", "Training", _training),
        ("mistakes", "Worst mistakes", "Mistakes", _mistakes),
        ("robustness", "When videos get worse", "Robustness", _robustness),
        ("explanation", "What decides", "Explanation", _explanation),
        ("map", "Map of the test videos", "Map", _map),
        ("data", "Data sheet", "Data", _data),
        ("checks", "Checks of the data", "Checks", _checks),
        ("compression", "Compression", "Compression", _compression),
        ("lineage", "Lineage", "Lineage", _lineage),
    )
    found = [Section(name, title, short, build(content)) for name, title, short, build in builders]
    return [section for section in found if section.values]


def _summary(content: ReportContent) -> Values:
    return {
        "statements": performance(content),
        "trust": trust(content),
        "metrics": content.metrics,
        "baselines": baselines_beside(content.metrics),
    }


def _comparison(content: ReportContent) -> Values:
    return {"comparison": content.comparison} if content.comparison else {}


def _confusion(content: ReportContent) -> Values:
    if content.has_several_labels or not content.predictions:
        return {}
    true = [row["label"] for row in content.predictions]
    predicted = [row["predicted"] for row in content.predictions]
    matrix = confusion_matrix(true, predicted, content.labels)
    return {"figure": plots.confusion_matrix_plot(matrix, content.labels)}


def _classes(content: ReportContent) -> Values:
    curves = content.evaluation
    figures = {
        "per_class": plots.per_class_plot(content.per_class),
        "roc": plots.roc_plot(curves["roc"]) if curves.get("roc") else b"",
        "precision_recall": plots.precision_recall_plot(curves["precision_recall"])
        if curves.get("precision_recall")
        else b"",
    }
    return {
        "rows": content.per_class,
        "has_areas": any(row.get("roc_auc") is not None for row in content.per_class),
        "metrics": content.metrics,
        "several_labels": content.has_several_labels,
        "threshold": THRESHOLD,
        "figures": figures,
    }


def _calibration(content: ReportContent) -> Values:
    bins = content.evaluation.get("reliability")
    if not bins:
        return {}
    return {
        "bins": bins,
        "metrics": content.metrics,
        "reason": (content.training.get("calibration") or {}).get("reason", ""),
        "several_labels": content.has_several_labels,
        "figure": plots.reliability_plot(bins),
    }


def _slices(content: ReportContent) -> Values:
    rows = content.evaluation.get("slices")
    if not rows:
        return {}
    return {
        "rows": rows[:MAX_SLICES],
        "num_slices": len(rows),
        "overall": content.metrics["accuracy"],
        "note": content.evaluation.get("slices_note", ""),
    }


def _training(content: ReportContent) -> Values:
    is_curve = len(content.history) > 1  # the head linear is fitted in one step
    if not content.training and not is_curve:
        return {}
    return {
        "training": content.training,
        "blocks": _training_blocks(content.training.get("inner") or {}),
        "figure": plots.training_curves_plot(content.history) if is_curve else b"",
    }


def _training_blocks(inner: dict[str, Any]) -> list[Values]:
    """Return a row for each block of features that the linear head weighs."""
    rows = [
        {
            "name": name,
            "share": inner["shares"].get(name),
            "classifier": _classifier(*inner["chosen"][name]) if name in inner["chosen"] else "",
            **figures,
        }
        for name, figures in (inner.get("blocks") or {}).items()
    ]
    return [*rows, {"name": "together", "share": None, "classifier": "", **inner["fused"]}] if rows else []


def _classifier(name: str, strength: float | None) -> str:
    return f"{name}, strength {significant(strength)}" if strength else name


def _mistakes(content: ReportContent) -> Values:
    rows = worst_mistakes(content.predictions)
    shown = [
        {**row, "answers": first_answers(row, NUM_ANSWERS), **_pictures(content, row["path"])}
        for row in rows[: content.num_mistakes]
    ]
    return {
        "rows": shown,
        "num_mistakes": len(rows),
        "num_videos": content.metrics["num_test_videos"],
        "several_labels": content.has_several_labels,
        "has_saliency": any(row["saliency"] for row in shown),
    }


def _pictures(content: ReportContent, path: str) -> Values:
    return {"saliency": content.saliency_strips.get(path), "thumbnail": content.thumbnails.get(path)}


def _robustness(content: ReportContent) -> Values:
    drawn = robustness_charts(content.robustness, content.chance)
    if not drawn:
        return {}
    time = content.robustness.get("time") or {}
    orders = [(title, time[name]) for name, title in _ORDERS.items() if time.get(name)]
    return {"robustness": content.robustness, "drawn": drawn, "time": time, "orders": orders}


def _explanation(content: ReportContent) -> Values:
    videos = content.explanation.get("videos") or []
    if not videos:
        return {}
    right = [row for row in videos if row["predicted"] == row["label"]]
    shown = _one_of_each_label([row for row in right if content.saliency_strips.get(row["path"])])
    return {
        "explanation": content.explanation,
        "drawn": explanation_charts(content.explanation),
        "examples": [(row, content.saliency_strips[row["path"]]) for row in shown],
    }


def _one_of_each_label(rows: list[Values]) -> list[Values]:
    first = {row["label"]: row for row in reversed(rows)}
    return [first[label] for label in sorted(first)][:NUM_RIGHT_EXAMPLES]


def _map(content: ReportContent) -> Values:
    drawn = embedding_map(content.evaluation.get("embedding_map") or [])
    method = content.evaluation.get("embedding_map_method", "")
    return {"drawn": drawn, "method": method} if drawn else {}


def _data(content: ReportContent) -> Values:
    return {
        "content": content,
        "quarantined": list(content.quarantined.items())[:MAX_QUARANTINED],
        "splits": list(content.split_counts),
    }


def _checks(content: ReportContent) -> Values:
    quality = data_quality(content.validation)
    return {"quality": quality, "thumbnails": content.thumbnails} if quality else {}


def _compression(content: ReportContent) -> Values:
    if not content.compression:
        return {}
    return {"compression": content.compression, "figure": pareto_plot(content.compression)}


def _lineage(content: ReportContent) -> Values:
    return {"lineage": content.lineage} if content.lineage else {}
