"""The threshold of a score that still finds the wanted share of what is to be found."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sora.errors import SoraError

_TAIL = 0.025  # on each side of a 95 % interval


@dataclass(frozen=True, eq=False)
class Threshold:
    """A threshold with what it does on the data that it was chosen on.

    Attributes:
        value: videos with a score of at least this are found.
        recall, precision: there, in [0, 1].
        recall_low, recall_high: the 95 % interval of the recall (Clopper and Pearson, 1934).
        num_positives, num_negatives: what it was chosen on.
        certain_value: the highest threshold for which even the low end of that interval reaches the wanted
            recall; None where there is none.
        num_needed: so many positives at least are needed for there to be one; 0 where no number is enough.
        curve: float64 (K, 3): threshold, precision and recall, thresholds descending.
        text: all this in a sentence.
    """

    value: float
    recall: float
    precision: float
    recall_low: float
    recall_high: float
    num_positives: int
    num_negatives: int
    certain_value: float | None
    num_needed: int
    curve: np.ndarray
    text: str


def threshold_for_recall(
    scores: np.ndarray | Sequence[float], is_positive: np.ndarray | Sequence[bool], wanted_recall: float
) -> Threshold:
    """Return the highest threshold whose recall is at least ``wanted_recall``.

    Args:
        scores: float (N,), of validation videos; none may be of the training data.
        is_positive: bool (N,), whether each is to be found.
        wanted_recall: in (0, 1].

    Raises:
        SoraError: no positive, scores that are no numbers, unequal lengths, or a recall out of range.
    """
    scores, positive = np.asarray(scores, np.float64), np.asarray(is_positive, bool)
    _require(scores, positive, wanted_recall)
    curve = precision_recall(scores, positive)
    enough = curve[:, 2] >= wanted_recall - 1e-12  # 3 of 10 may be a little less than 0.3
    value, precision, recall = map(float, curve[enough.argmax()])
    count = int(positive.sum())
    low, high = _clopper_pearson(round(recall * count), count)
    needed = int(np.ceil(np.log(_TAIL) / np.log(wanted_recall))) if wanted_recall < 1 else 0
    certain = next((float(t) for t, _, r in curve if _low(r, count) >= wanted_recall), None)
    text = (
        f"a threshold of {value:.4g} finds {recall:.1%} of {count} (95 % interval {low:.1%} to {high:.1%}) "
        f"with a precision of {precision:.1%}; {_certainty(wanted_recall, certain, needed)}"
    )
    return Threshold(
        value=value,
        recall=recall,
        precision=precision,
        recall_low=low,
        recall_high=high,
        num_positives=count,
        num_negatives=len(positive) - count,
        certain_value=certain,
        num_needed=needed,
        curve=curve,
        text=text,
    )


def precision_recall(scores: np.ndarray, is_positive: np.ndarray) -> np.ndarray:
    """Return float64 (K, 3): each distinct score as threshold, from the highest, its precision and recall."""
    order = np.argsort(-scores, kind="stable")
    ranked, found = scores[order], np.cumsum(is_positive[order])
    last = np.append(ranked[1:] != ranked[:-1], True)  # equal scores are found together
    counts = np.arange(1, len(scores) + 1)
    return np.stack([ranked, found / counts, found / found[-1]], axis=1)[last]


def _require(scores: np.ndarray, positive: np.ndarray, wanted_recall: float) -> None:
    if scores.shape != positive.shape or scores.ndim != 1:
        raise SoraError(f"as many scores as answers expected, got {scores.shape} and {positive.shape}")
    if not np.isfinite(scores).all():
        raise SoraError("scores must be finite numbers")
    if not positive.any():
        raise SoraError("a recall needs videos that are to be found, and there is none among those given")
    if not 0 < wanted_recall <= 1:
        raise SoraError(f"the wanted recall must be above 0 and at most 1, got {wanted_recall}")


def _certainty(wanted_recall: float, certain: float | None, needed: int) -> str:
    if certain is not None:
        return f"to be certain of a recall of {wanted_recall:.1%} take {certain:.4g}"
    if not needed:
        return "no number of videos can make a recall of 100 % certain"
    return f"no threshold makes a recall of {wanted_recall:.1%} certain here: that takes {needed} to be found"


def _low(recall: float, count: int) -> float:
    return _clopper_pearson(round(recall * count), count)[0]


def _clopper_pearson(num_found: int, count: int) -> tuple[float, float]:
    from scipy.stats import beta

    low = float(beta.ppf(_TAIL, num_found, count - num_found + 1)) if num_found else 0.0
    high = float(beta.ppf(1 - _TAIL, num_found + 1, count - num_found)) if num_found < count else 1.0
    return low, high
