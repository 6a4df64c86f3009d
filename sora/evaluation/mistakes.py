"""Which videos were named wrongly, and what is taken for what."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sora.manifest import labels_in


def worst_mistakes(predictions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the wrong predictions, most confident first.

    Each gets ``about``, the most probable of the labels that it names wrongly, and ``probability``, of it.
    Where all that it names are right, ``about`` is the label that it leaves out, and ``probability`` that of
    the video not having it; ``is_named`` tells the two apart.
    """
    wrong = [{**row, **_worst_answer(row)} for row in predictions if row["predicted"] != row["label"]]
    return sorted(wrong, key=lambda row: (-row["probability"], row["path"]))


def most_confused(predictions: list[dict[str, Any]]) -> tuple[str, str, int, int] | None:
    """Return the label that is most often taken for one other, that other, how often, and of how many.

    Of videos with one label each; None where no video was named wrongly.
    """
    totals = Counter(row["label"] for row in predictions)
    pairs = Counter((row["label"], row["predicted"]) for row in predictions)
    wrong = {pair: count for pair, count in pairs.items() if pair[0] != pair[1]}
    if not wrong:
        return None
    true, predicted = min(wrong, key=lambda pair: (-wrong[pair], -wrong[pair] / totals[pair[0]], pair))
    return true, predicted, wrong[true, predicted], totals[true]


def first_answers(row: dict[str, Any], count: int) -> list[tuple[str, float]]:
    """Return the most probable labels of a prediction with their probabilities."""
    return sorted(row["probabilities"].items(), key=lambda answer: (-answer[1], answer[0]))[:count]


def _worst_answer(row: dict[str, Any]) -> dict[str, Any]:
    true, predicted = set(labels_in(row["label"])), set(labels_in(row["predicted"]))
    probabilities = row["probabilities"]
    if predicted - true:
        about = max(sorted(predicted - true), key=probabilities.__getitem__)
        return {"about": about, "is_named": True, "probability": probabilities[about]}
    about = min(sorted(true - predicted), key=probabilities.__getitem__)
    return {"about": about, "is_named": False, "probability": 1 - probabilities[about]}
