"""How good ranked recommendations are, against what a user watched afterwards."""

from collections.abc import Collection, Sequence

import numpy as np


def recall_at(ranked: Sequence[str], wanted: Collection[str], top: int) -> float:
    """Return the share of the wanted videos that are among the first ``top``, in 0..1.

    Raises:
        ValueError: nothing is wanted.
    """
    _require(wanted)
    return len(set(ranked[:top]) & set(wanted)) / len(set(wanted))


def ndcg_at(ranked: Sequence[str], wanted: Collection[str], top: int) -> float:
    """Return the normalised discounted cumulative gain of the first ``top``, in 0..1; gains are 0 or 1.

    Järvelin and Kekäläinen, "Cumulated Gain-based Evaluation of IR Techniques", 2002.

    Raises:
        ValueError: nothing is wanted.
    """
    _require(wanted)
    discounts = 1 / np.log2(np.arange(top) + 2)
    hits = np.isin(list(ranked[:top]), list(wanted))
    return float(hits @ discounts[: len(hits)] / discounts[: len(set(wanted))].sum())


def _require(wanted: Collection[str]) -> None:
    if not wanted:
        raise ValueError("at least one wanted video expected")
