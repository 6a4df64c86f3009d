"""Choosing a few things that stand for all: facility location."""

import math
from collections.abc import Sequence

import numpy as np


def similarities(vectors: np.ndarray) -> np.ndarray:
    """Return (1 + cosine) / 2 of each pair, float64 (W, W) in [0, 1], of vectors, float (W, E)."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    return np.clip((1 + units @ units.T) / 2, 0, 1).astype(np.float64)


def coverage(similarity: np.ndarray, weights: np.ndarray, chosen: Sequence[int]) -> float:
    """Return how well ``chosen`` stand for all: the weighted mean similarity to the nearest, in [0, 1]."""
    if not len(chosen):
        return 0.0
    return float(np.average(similarity[:, list(chosen)].max(axis=1), weights=weights))


def cover(
    similarity: np.ndarray,
    weights: np.ndarray,
    count: int,
    *,
    candidates: Sequence[int] | None = None,
    start: Sequence[int] = (),
    enough: float = math.inf,
) -> list[int]:
    """Choose ``count`` places, in the order of choice, that cover all well: the best next one each time.

    ``coverage`` is monotone and submodular, so that from an empty start this reaches at least 1 - 1/e of the
    best coverage by as many candidates (Nemhauser, Wolsey and Fisher, "An analysis of approximations for
    maximizing submodular set functions", 1978). Ties go to the earliest.

    Args:
        similarity: float (W, W) in [0, 1].
        weights: float (W,), not negative, how much it matters that each is covered.
        count: how many; fewer where there are no more candidates.
        candidates: which may be chosen; None: all.
        start: chosen already, and part of the answer.
        enough: coverage at which no more are chosen.
    """
    chosen = list(start)
    open_places = [
        i for i in (range(len(similarity)) if candidates is None else candidates) if i not in chosen
    ]
    nearest = similarity[:, chosen].max(axis=1) if chosen else np.zeros(len(similarity))
    while open_places and len(chosen) < count and np.average(nearest, weights=weights) < enough:
        gains = weights @ np.maximum(similarity[:, open_places] - nearest[:, None], 0)
        best = open_places.pop(int(gains.argmax()))
        chosen.append(best)
        nearest = np.maximum(nearest, similarity[:, best])
    return chosen
