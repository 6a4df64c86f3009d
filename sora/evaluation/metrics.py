"""Classification metrics with an interval for accuracy that respects groups of related videos."""

from typing import Any, Literal

import numpy as np

from sora.evaluation.answers import answers
from sora.evaluation.intervals import mean_interval
from sora.manifest import labels_in


def classification_metrics(
    true: list[str],
    predicted: list[str],
    groups: list[str],
    labels: list[str],
    *,
    several_labels: bool = False,
) -> dict[str, Any]:
    """Return accuracy, its 95 % interval, and macro and micro averages over ``labels``; all in [0, 1].

    A video has one label, or several that are joined by ``;``. Accuracy is the share of videos whose labels
    are all named and no other: with ``several_labels``, which ``kind`` records, a video that is half right is
    wrong. The macro averages are over labels, each a yes-or-no question about every video; the micro averages
    are over all answers to these questions, and with one label a video they are the accuracy.

    ``groups`` names the source of each video: videos of one group are not independent, so the interval is
    taken over groups. A label that is never predicted, or has no video, counts as 0 in the averages.
    Raises ValueError for no video, unequal lengths, or a label that is not in ``labels``.
    """
    _require_consistent(true, predicted, groups, labels)
    precision, recall, f1, _ = _scores(true, predicted, labels, average=None)
    micro_precision, micro_recall, micro_f1, _ = _scores(true, predicted, labels, average="micro")
    correct = (answers(true, labels) == answers(predicted, labels)).all(axis=1)
    low, high, method = mean_interval(correct, groups)
    return {
        "kind": "several_labels" if several_labels else "one_label",
        "accuracy": float(correct.mean()),
        "macro_precision": float(precision.mean()),
        "macro_recall": float(recall.mean()),
        "macro_f1": float(f1.mean()),
        "micro_precision": float(micro_precision),
        "micro_recall": float(micro_recall),
        "micro_f1": float(micro_f1),
        "num_test_videos": len(true),
        "accuracy_interval_low": low,
        "accuracy_interval_high": high,
        "accuracy_interval_method": method,
    }


def per_class_table(true: list[str], predicted: list[str], labels: list[str]) -> list[dict[str, Any]]:
    """Return a row per label: label, precision, recall, f1 (in [0, 1]) and num_videos (that have it)."""
    return [
        {
            "label": label,
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            "num_videos": int(num_videos),
        }
        for label, precision, recall, f1, num_videos in zip(
            labels, *_scores(true, predicted, labels, average=None), strict=True
        )
    ]


def confusion_matrix(true: list[str], predicted: list[str], labels: list[str]) -> np.ndarray:
    """Return counts (true label, predicted label), int64, both axes in the order of ``labels``.

    Every video has one label: with several it is not defined which was taken for which.
    """
    from sklearn import metrics

    return metrics.confusion_matrix(true, predicted, labels=labels)


def _scores(
    true: list[str], predicted: list[str], labels: list[str], *, average: Literal["micro"] | None
) -> tuple[Any, ...]:
    from sklearn.metrics import precision_recall_fscore_support

    return precision_recall_fscore_support(
        answers(true, labels), answers(predicted, labels), average=average, zero_division=0
    )


def _require_consistent(true: list[str], predicted: list[str], groups: list[str], labels: list[str]) -> None:
    if not true or not len(true) == len(predicted) == len(groups):
        raise ValueError(
            "as many true labels, predictions and groups as videos expected, at least 1: "
            f"{len(true)}, {len(predicted)} and {len(groups)} came"
        )
    unknown = sorted({label for video in (*true, *predicted) for label in labels_in(video)} - set(labels))
    if unknown:
        raise ValueError(f"labels of {labels} expected, also {unknown} came")
