"""Which videos are worth an explanation."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from sora.evaluation.mistakes import worst_mistakes

Row: TypeAlias = dict[str, Any]

MAX_MISTAKES = 12


def videos_to_explain(predictions: Sequence[Row], num_videos: int) -> list[Row]:
    """Return at most ``num_videos`` of the rows: the worst mistakes, then others from every label.

    Args:
        predictions: see ``sora.evaluation.predictions.prediction_rows``.
        num_videos: of them at most 12 are mistakes, as long as there are others.
    """
    worst = worst_mistakes(predictions)
    first = worst[: min(MAX_MISTAKES, num_videos)]
    right = [row for row in predictions if row["predicted"] == row["label"]]
    others = _spread(right, num_videos - len(first))
    more = worst[len(first) : num_videos - len(others)]
    return [*first, *more, *others]


def _spread(rows: Sequence[Row], count: int) -> list[Row]:
    """Return ``count`` rows, or all, as many of each label as can be, evenly from each label's paths."""
    by_label: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row["label"], row["path"])):
        by_label.setdefault(row["label"], []).append(row)
    turns = [label for place in range(len(rows)) for label, own in by_label.items() if place < len(own)]
    shares = {label: turns[:count].count(label) for label in by_label}
    return [own[i] for label, own in by_label.items() for i in _evenly(len(own), shares[label])]


def _evenly(length: int, count: int) -> list[int]:
    return [int(i) for i in (np.arange(count) + 0.5) * length / max(count, 1)]
