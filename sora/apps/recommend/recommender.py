"""Recommendations by name, from an index and the histories of all users."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from sora.apps.index.store import VideoIndex
from sora.apps.recommend.history import Watch
from sora.apps.recommend.plan import Plan
from sora.apps.recommend.ranking import closeness, diverse_top, popularity, relevance, watch_weights
from sora.errors import SoraError

_MOST_WATCHES = 200  # of a user, those that count most; the others cost memory and change nothing
_DAY_SECONDS = 86400.0


@dataclass(frozen=True)
class Recommendation:
    """One video.

    Attributes:
        video: its name in the index.
        relevance: in 0..1; that of the best candidate is 1.
        because: the watched video that spoke most for it; None where popularity alone did.
    """

    video: str
    relevance: float
    because: str | None


@dataclass(frozen=True)
class Answer:
    """What one user is recommended, best first.

    Attributes:
        user: None for someone new.
        results: at most as many as were asked for; none that the user has watched.
        num_watched: watches of the user that the index knows the video of.
        num_unknown: watches of the user of videos that are not in the index.
    """

    user: str | None
    results: tuple[Recommendation, ...]
    num_watched: int
    num_unknown: int

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "user": self.user,
            "num_watched": self.num_watched,
            "num_unknown": self.num_unknown,
            "results": [
                {"video": one.video, "relevance": round(one.relevance, 4), "because": one.because}
                for one in self.results
            ],
        }


class Recommender:
    """Recommends among N videos; nothing changes it, so threads may share it."""

    def __init__(
        self, names: Sequence[str], vectors: np.ndarray, history: Sequence[Watch], plan: Plan | None = None
    ) -> None:
        """Count what is popular; ages are taken from the last watch of anybody.

        Args:
            names: the N videos.
            vectors: float32 (N, V) of length 1.
            history: of all users; videos that are not among the names count nothing.
            plan: how to choose.

        Raises:
            SoraError: there are watches, and not one is of a video among the names.
        """
        self._names, self._vectors, self._plan = list(names), vectors, plan or Plan()
        self._places = {name: place for place, name in enumerate(self._names)}
        self._history: dict[str, list[Watch]] = {}
        for watch in history:
            self._history.setdefault(watch.user, []).append(watch)
        self._now_seconds = max((watch.time_seconds for watch in history), default=0.0)
        known = self._known(history)
        if history and not known:
            raise SoraError(
                f"history: none of the {len(history)} watches is of a video in the index, the first is of "
                f"{history[0].video!r}; name videos as sora index show does"
            )
        self._shares = popularity(self._places_of(known), self._weights(known), len(self._names))

    @classmethod
    def of_index(cls, index: VideoIndex, history: Sequence[Watch], plan: Plan | None = None) -> Self:
        """Recommend among the videos of an index as it is now."""
        return cls(*named_vectors(index), history, plan)

    def recommend(self, user: str | None = None, top: int = 10) -> Answer:
        """Recommend what a user has not watched; to someone new, what is popular, of all sorts.

        Raises:
            SoraError: the history has no such user.
        """
        if user is not None and user not in self._history:
            raise SoraError(f"user {user!r}: not in the history; leave the user out for someone new")
        watches = self._history[user] if user is not None else []
        return self.recommend_for(watches, top, user)

    def recommend_for(self, watches: Sequence[Watch], top: int = 10, user: str | None = None) -> Answer:
        """Recommend after ``watches``, which need not be in the history that popularity was counted from."""
        known = self._known(watches)
        allowed = np.ones(len(self._names), bool)
        allowed[self._places_of(known)] = False
        weights = self._weights(known)
        heaviest = np.sort(np.argsort(-np.abs(weights), kind="stable")[:_MOST_WATCHES])
        places, weights = self._places_of(known)[heaviest], weights[heaviest]
        plan = self._plan
        close = closeness(self._vectors, self._vectors[places], plan.sharpness)
        relevances = relevance(close, weights, self._shares, plan.popularity, allowed)
        diversity = plan.diversity if known else plan.newcomer_diversity
        chosen = diverse_top(relevances, self._vectors, allowed, top, diversity)
        spoke_for = close[chosen] * weights
        results = [
            Recommendation(self._names[place], float(relevances[place]), self._reason(spoke, places))
            for place, spoke in zip(chosen.tolist(), spoke_for, strict=True)
        ]
        return Answer(user, tuple(results), len(known), len(watches) - len(known))

    def _reason(self, spoke_for: np.ndarray, places: np.ndarray) -> str | None:
        return self._names[int(places[spoke_for.argmax()])] if (spoke_for > 0).any() else None

    def _known(self, watches: Sequence[Watch]) -> list[Watch]:
        return [watch for watch in watches if watch.video in self._places]

    def _places_of(self, watches: Sequence[Watch]) -> np.ndarray:
        return np.array([self._places[watch.video] for watch in watches], np.int64)

    def _weights(self, watches: Sequence[Watch]) -> np.ndarray:
        columns = [(self._now_seconds - w.time_seconds, w.rating, w.completion) for w in watches]
        ages, ratings, completions = np.array(columns, np.float64).reshape(-1, 3).T
        ages_days = np.maximum(ages, 0.0) / _DAY_SECONDS
        return watch_weights(ages_days, ratings, completions, self._plan.half_life_days)


def named_vectors(index: VideoIndex) -> tuple[list[str], np.ndarray]:
    """Return the names of the N videos of an index, and their vectors, float32 (N, V) of length 1."""
    ids, vectors = index.vectors()
    entries = index.entries()
    here = [row for row, number in enumerate(ids.tolist()) if number in entries]
    return [entries[int(ids[row])].video for row in here], vectors[here]
