"""The arithmetic of recommendation, on arrays; it knows no names and no labels."""

import numpy as np

_MIDDLE_RATING, _RATING_REACH = 3.0, 2.0  # of ratings from 1 to 5


def watch_weights(
    ages_days: np.ndarray, ratings: np.ndarray, completions: np.ndarray, half_life_days: float
) -> np.ndarray:
    """Return how much each of H watches says about a taste, float64 (H,) in [-1, 1].

    Each counts half as much for every ``half_life_days`` of its age. A rating makes it count from -1 to 1, so
    that videos like a disliked one sink; without one the share that was watched counts; without either, 1.

    Args:
        ages_days: float (H,), at least 0.
        ratings: float (H,), 1 to 5 or NaN.
        completions: float (H,), 0 to 1 or NaN.
        half_life_days: above 0.
    """
    watched = np.where(np.isnan(completions), 1.0, completions)
    liking = np.where(np.isnan(ratings), watched, (ratings - _MIDDLE_RATING) / _RATING_REACH)
    return liking * 0.5 ** (np.asarray(ages_days, np.float64) / half_life_days)


def popularity(places: np.ndarray, weights: np.ndarray, num_videos: int) -> np.ndarray:
    """Return each video's share of all that was watched, float64 (N,) above 0 with sum 1.

    One watch is added to each, so that a new video can be found.

    Args:
        places: int (W,), which of the N videos was watched.
        weights: float (W,) of ``watch_weights``; what was disliked counts nothing.
        num_videos: N.
    """
    watched = 1.0 + np.bincount(places, np.maximum(weights, 0.0), minlength=num_videos)
    return watched / watched.sum()


def closeness(vectors: np.ndarray, watched: np.ndarray, sharpness: float) -> np.ndarray:
    """Return exp(sharpness * (cosine - 1)) of N vectors of length 1 with H watched ones, float (N, H)."""
    return np.exp(sharpness * (vectors @ watched.T - 1))


def relevance(
    close: np.ndarray, weights: np.ndarray, shares: np.ndarray, power: float, allowed: np.ndarray
) -> np.ndarray:
    """Return how much each video suits a user, float64 (N,) in [0, 1]; the best that is allowed has 1.

    The weighted sum of closeness is a density over the watched videos (nearest neighbours among items:
    Sarwar and others, "Item-based Collaborative Filtering Recommendation Algorithms", 2001), so that someone
    may have several tastes; popularity is its prior. Without watches, or where dislikes outweigh everything,
    popularity alone decides.

    Args:
        close: float (N, H), of ``closeness``.
        weights: float (H,), of ``watch_weights``.
        shares: float (N,), of ``popularity``.
        power: of the shares.
        allowed: bool (N,), whether it may be recommended.
    """
    taste = np.where(allowed, np.maximum(close @ weights, 0.0), 0.0)
    found = (taste if taste.any() else allowed) * shares**power
    return found / (found.max(initial=0.0) or 1.0)


def diverse_top(
    relevances: np.ndarray, vectors: np.ndarray, allowed: np.ndarray, top: int, diversity: float
) -> np.ndarray:
    """Choose one by one what is most relevant and least like what is chosen: int (K,), best first.

    Maximal marginal relevance (Carbonell and Goldstein, 1998) with lambda = 1 - ``diversity``; equal ones go
    by their place.

    Args:
        relevances: float (N,) in [0, 1].
        vectors: float (N, V) of length 1.
        allowed: bool (N,); the others are never chosen.
        top: the most to choose.
        diversity: in 0..1.
    """
    candidates = np.flatnonzero(allowed)
    gain, rows = (1 - diversity) * relevances[candidates], vectors[candidates]
    likeness = np.zeros(len(candidates))  # to the most similar chosen one; below 0 is as good as 0
    chosen: list[int] = []
    for _ in range(min(top, len(candidates))):
        best = int(np.argmax(gain - diversity * likeness))
        chosen.append(best)
        gain[best] = -np.inf
        likeness = np.maximum(likeness, rows @ rows[best])
    return candidates[np.array(chosen, np.int64)]
