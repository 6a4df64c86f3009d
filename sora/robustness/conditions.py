"""The ways in which videos get worse, each with its levels, and what is told about them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sora.robustness.corruptions import Corruption, Name
from sora.robustness.scores import Asked, accuracy_scores, scores_beside
from sora.robustness.time_use import TimeAnswers, time_use

CLEAN = Corruption("none")
_BACKWARDS, _MOMENTS = Corruption("reversed"), Corruption("shuffled_moments")
_FRAMES = Corruption("shuffled_frames")
_FIRST, _LAST = Corruption("still_first"), Corruption("still_last")
IN_TIME = (CLEAN, _BACKWARDS, _MOMENTS, _FRAMES, _FIRST, _LAST)


@dataclass(frozen=True)
class Condition:
    """One way in which videos get worse, level by level; ``title`` and ``unit`` are for people."""

    name: Name
    title: str
    unit: str
    levels: Sequence[float]

    @property
    def corruptions(self) -> list[Corruption]:
        """One for each level."""
        return [Corruption(self.name, level) for level in self.levels]


def nothing_measured() -> dict[str, Any]:
    """Return what ``robustness`` does, of no video."""
    return {"num_videos": 0, "conditions": [], "set_aside": {}}


def robustness(
    probabilities: Mapping[Corruption, np.ndarray], conditions: Sequence[Condition], asked: Asked
) -> dict[str, Any]:
    """Return accuracy as videos get worse, level by level, and whether the model uses time.

    Args:
        probabilities: float (N, C), for each corruption of the conditions and of ``IN_TIME``.
        conditions: in the order in which they are told.
        asked: what the videos are.
    """
    clean = probabilities[CLEAN]
    return {
        "num_videos": len(asked.true),
        "chance": None if asked.several_labels else 1 / len(asked.labels),
        **accuracy_scores(clean, asked),
        "conditions": [
            {
                "name": condition.name,
                "title": condition.title,
                "unit": condition.unit,
                "levels": [
                    {"level": one.level, **scores_beside(clean, probabilities[one], asked)}
                    for one in condition.corruptions
                ],
            }
            for condition in conditions
        ],
        "time": _in_time(probabilities, asked),
    }


def _in_time(probabilities: Mapping[Corruption, np.ndarray], asked: Asked) -> dict[str, Any]:
    order = TimeAnswers(*(probabilities[one] for one in (CLEAN, _BACKWARDS, _MOMENTS, _FIRST, _LAST)))
    found = time_use(order, asked)
    told = {"reversed": _BACKWARDS, "shuffled": _MOMENTS, "shuffled_frames": _FRAMES, "still": _FIRST}
    return {
        "verdict": found.verdict,
        "uses_direction": found.direction,
        "uses_order_of_moments": found.moments,
        "direction_change": asdict(found.backwards),
        "order_change": asdict(found.shuffled_moments),
        **{name: scores_beside(order.clean, probabilities[one], asked) for name, one in told.items()},
    }
