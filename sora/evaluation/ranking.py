"""How well probabilities rank videos, wherever the threshold lies: areas and curves, label by label."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sora.evaluation.answers import answers, require_probabilities

TOP = 3
_MOST_POINTS, _FEWEST_POINTS = 200, 20  # of a curve
_POINTS_OF_ALL_CURVES = 20_000
_DECIMALS = 5


def ranking_metrics(
    true: Sequence[str], probabilities: np.ndarray, labels: Sequence[str], *, several_labels: bool
) -> dict[str, float | None]:
    """Return macro_roc_auc and macro_average_precision (mAP), and top_3_accuracy; all in [0, 1].

    The means are over labels that have an area (``label_areas``); None where none has. The share of videos
    whose label is among the three most probable is left out where all are, with three labels or fewer, and
    where a video may have several.

    Args:
        true: the label of each video; several are joined by ``;``.
        probabilities: float (N, C), in [0, 1].
        labels: the C names.
        several_labels: whether a video may have several.

    Raises:
        ValueError: no video, another number of probabilities, or a label that is not in ``labels``.
    """
    from sklearn.metrics import top_k_accuracy_score

    areas = label_areas(true, probabilities, labels)
    found = {
        "macro_roc_auc": _mean([row["roc_auc"] for row in areas]),
        "macro_average_precision": _mean([row["average_precision"] for row in areas]),
    }
    if several_labels or len(labels) <= TOP:
        return found
    places = answers(true, labels).argmax(axis=1)
    top = top_k_accuracy_score(places, probabilities, k=TOP, labels=np.arange(len(labels)))
    return {f"top_{TOP}_accuracy": float(top), **found}


def label_areas(
    true: Sequence[str], probabilities: np.ndarray, labels: Sequence[str]
) -> list[dict[str, Any]]:
    """Return a row per label: label, roc_auc and average_precision, in [0, 1].

    Both are None for a label that no video has, or every video: there is nothing to rank. Arguments and
    errors are those of ``ranking_metrics``.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    require_probabilities(true, probabilities, labels)
    rows = []
    for label, target, score in zip(labels, answers(true, labels).T, probabilities.T, strict=True):
        has_area = _has_area(target)
        rows.append(
            {
                "label": label,
                "roc_auc": float(roc_auc_score(target, score)) if has_area else None,
                "average_precision": float(average_precision_score(target, score)) if has_area else None,
            }
        )
    return rows


def ranking_curves(
    true: Sequence[str], probabilities: np.ndarray, labels: Sequence[str]
) -> dict[str, dict[str, dict[str, list[float]]]]:
    """Return ``roc`` and ``precision_recall``: label to coordinates, for each label that has an area.

    Curves of ``roc`` have false_positive_rate and true_positive_rate, those of ``precision_recall`` recall
    and precision; both run from left to right and have at most 200 points, fewer where there are more than a
    hundred labels. Arguments and errors are those of ``ranking_metrics``.
    """
    from sklearn.metrics import precision_recall_curve, roc_curve

    require_probabilities(true, probabilities, labels)
    most = int(np.clip(_POINTS_OF_ALL_CURVES // len(labels), _FEWEST_POINTS, _MOST_POINTS))
    roc, precision_recall = {}, {}
    targets = answers(true, labels).T
    for label, target, score in zip(labels, targets, probabilities.T, strict=True):
        if not _has_area(target):
            continue
        false_positive_rate, true_positive_rate, _ = roc_curve(target, score)
        precision, recall, _ = precision_recall_curve(target, score, drop_intermediate=True)
        roc[label] = _curve(
            most, false_positive_rate=false_positive_rate, true_positive_rate=true_positive_rate
        )
        precision, recall = precision[::-1], recall[::-1]
        end = np.searchsorted(recall, 1.0) + 1  # beyond, precision falls with nothing left to find
        precision_recall[label] = _curve(most, recall=recall[:end], precision=precision[:end])
    return {"roc": roc, "precision_recall": precision_recall}


def _has_area(target: np.ndarray) -> bool:
    return bool(0 < target.sum() < len(target))


def _mean(areas: list[float | None]) -> float | None:
    known = [area for area in areas if area is not None]
    return float(np.mean(known)) if known else None


def _curve(most: int, **coordinates: np.ndarray) -> dict[str, list[float]]:
    """Keep at most so many points, at even distances along the curve, so that no bend is lost."""
    lengths = np.sum([np.abs(np.diff(each, prepend=each[0])) for each in coordinates.values()], axis=0)
    travelled = lengths.cumsum()
    kept = np.arange(len(travelled))
    if len(kept) > most:
        kept = np.unique(np.searchsorted(travelled, np.linspace(0, travelled[-1], most)))
        kept[0], kept[-1] = 0, len(travelled) - 1
    return {name: np.round(each[kept], _DECIMALS).tolist() for name, each in coordinates.items()}
