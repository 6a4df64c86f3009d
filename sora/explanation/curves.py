"""Deletion and insertion curves: whether what an explanation points at is what the model decides by.

Petsiuk, Das and Saenko, "RISE: Randomized input sampling for explanation of black-box models", 2018.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Probability: TypeAlias = Callable[[np.ndarray], float]  # of what is kept, bool (n,); the rest is blurred

_DECIMALS = 6


@dataclass(frozen=True, eq=False)
class VideoCurves:
    """How probable a video's label is as its n parts are hidden, or shown, at ``shares(num_steps)``.

    Attributes:
        deletion, insertion: float64 (num_steps + 1,), the most important parts first.
        random: float64 (R, num_steps + 1), deletion in random orders. Read backwards such an order is as
            random, and its curve is that of an insertion.
    """

    deletion: np.ndarray
    insertion: np.ndarray
    random: np.ndarray


def video_curves(
    importance: np.ndarray,
    probability: Probability,
    ends: tuple[float, float],
    *,
    num_steps: int,
    num_random: int,
    seed: Sequence[int],
) -> VideoCurves:
    """Return the curves of one video.

    Args:
        importance: of its n parts, of any shape.
        probability: of the label; called ``(2 + num_random) * (num_steps - 1)`` times.
        ends: that probability where all is kept, and where nothing is.
        num_steps: from all of the video to nothing.
        num_random: orders, R.
        seed: of these.
    """
    order = np.argsort(-importance.ravel(), kind="stable")
    rng = np.random.default_rng(seed)
    whole, nothing = ends

    def between(kept: np.ndarray) -> list[float]:
        return [probability(each) for each in kept[1:-1]]

    def deleted(order: np.ndarray) -> list[float]:
        return [whole, *between(~selections(order, num_steps)), nothing]

    inserted = [nothing, *between(selections(order, num_steps)), whole]
    random = [deleted(rng.permutation(len(order))) for _ in range(num_random)]
    return VideoCurves(np.array(deleted(order)), np.array(inserted), np.array(random))


def shares(num_steps: int) -> np.ndarray:
    """Return the shares of a video that are hidden, or shown, float64 (num_steps + 1,), from 0 to 1."""
    return np.linspace(0, 1, num_steps + 1)


def selections(order: np.ndarray, num_steps: int) -> np.ndarray:
    """Return what is selected at each of ``shares``, bool (num_steps + 1, n), in an order of n places."""
    ranks = np.empty(len(order), int)
    ranks[order] = np.arange(len(order))
    return ranks < np.round(shares(num_steps) * len(order))[:, None]


def area(curve: np.ndarray) -> float:
    """Return the area under a curve, float (num_steps + 1,) at ``shares``, which is its mean height."""
    return float(np.trapezoid(curve, dx=1 / (len(curve) - 1)))


def summary(videos: Sequence[VideoCurves]) -> dict[str, Any]:
    """Return the means over videos: ``deletion``, where lower is better, and ``insertion``, where higher is.

    Each has the curves ``saliency`` and ``random`` at ``fractions``, the area under both, and for how many
    videos that of saliency is the better one.
    """
    deletion = np.array([video.deletion for video in videos])
    insertion = np.array([video.insertion for video in videos])
    random = np.array([video.random.mean(axis=0) for video in videos])
    return {
        "deletion": _compared(deletion, random, lower_is_better=True),
        "insertion": _compared(insertion, random[:, ::-1], lower_is_better=False),
    }


def _compared(saliency: np.ndarray, random: np.ndarray, *, lower_is_better: bool) -> dict[str, Any]:
    """Compare curves (V, num_steps + 1) of the same videos."""
    gains = np.array([area(ours) - area(theirs) for ours, theirs in zip(saliency, random, strict=True)])
    ours, theirs = saliency.mean(axis=0), random.mean(axis=0)
    return {
        "saliency_area": round(area(ours), _DECIMALS),
        "random_area": round(area(theirs), _DECIMALS),
        "num_videos_better": int((gains < 0 if lower_is_better else gains > 0).sum()),
        "fractions": shares(saliency.shape[1] - 1).round(_DECIMALS).tolist(),
        "saliency": ours.round(_DECIMALS).tolist(),
        "random": theirs.round(_DECIMALS).tolist(),
    }
