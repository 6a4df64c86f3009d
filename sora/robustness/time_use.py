"""Whether a model uses time at all: what backwards and shuffled clips change, in numbers and in words."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sora.evaluation.intervals import mean_interval
from sora.robustness.scores import Asked

Answer = Literal["yes", "no", "unclear"]
NOTICEABLE = 0.01  # smaller changes of a probability are not worth a word


@dataclass(frozen=True)
class TimeAnswers:
    """Probabilities, float (N, C), of N clips whose frames are shown in several orders.

    Attributes:
        clean: as they are.
        backwards: all frames from last to first.
        shuffled_moments: moments in any order, time going on within each.
        still_first, still_last: of each moment only the first, only the last frame.
    """

    clean: np.ndarray
    backwards: np.ndarray
    shuffled_moments: np.ndarray
    still_first: np.ndarray
    still_last: np.ndarray


@dataclass(frozen=True)
class Change:
    """How far the probabilities of videos move: the mean of each video's largest change, in [0, 1]."""

    mean: float
    low: float
    high: float

    @property
    def is_there(self) -> Answer:
        """Whether the change is more than nothing."""
        if self.mean < NOTICEABLE:
            return "no"
        return "yes" if self.low > 0 else "unclear"


@dataclass(frozen=True)
class TimeUse:
    """Whether a model uses time.

    Attributes:
        verdict: one sentence for people.
        direction: whether it matters which way time runs, beyond what is owed to other frames.
        moments: whether the order of the moments matters.
        backwards: by how much more the probabilities move backwards than for other frames of the moments.
        shuffled_moments: by how much they move when the moments are shuffled.
    """

    verdict: str
    direction: Answer
    moments: Answer
    backwards: Change
    shuffled_moments: Change


def time_use(answers: TimeAnswers, asked: Asked) -> TimeUse:
    """Tell whether a model uses time, from what it answers when time is broken.

    Shuffled moments show the same frames at the same places within their moments, so that whatever changes
    is owed to the order of the moments. Backwards is another matter: a network that looks at the first frame
    of each moment then sees the last one. What other frames alone do is known from clips that stand still
    within each moment, at its first or at its last frame: no motion, no direction, the same step in time.
    Only what backwards changes beyond that is owed to time.
    """
    backwards = largest_changes(answers.clean, answers.backwards)
    other_frames = largest_changes(answers.still_first, answers.still_last)
    beyond = _change(backwards - other_frames, asked.groups, (-1.0, 1.0))
    moments = _change(largest_changes(answers.clean, answers.shuffled_moments), asked.groups, (0.0, 1.0))
    found = beyond.is_there, moments.is_there
    return TimeUse(_verdict(*found, answers, asked), *found, beyond, moments)


def largest_changes(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the largest change of any label's probability, (N,), between two of float (N, C)."""
    return np.abs(one - other).max(axis=1)


def _change(values: np.ndarray, groups: list[str], bounds: tuple[float, float]) -> Change:
    low, high, _ = mean_interval(np.clip(values.astype(float), *bounds), groups, bounds)
    return Change(float(values.mean()), low, high)


def _verdict(direction: Answer, moments: Answer, answers: TimeAnswers, asked: Asked) -> str:
    seen = _seen(answers, asked)
    if moments == "yes":
        return f"The model uses time, and the order of the moments is part of it: {seen}."
    if direction == "yes":
        order = "not the order of the moments" if moments == "no" else "the order of the moments perhaps"
        return f"The model uses time: how things move within a moment, {order}; {seen}."
    if direction == moments == "no":
        other = _percent(_differ(answers.still_first, answers.still_last, asked).mean())
        return (
            f"The model does not use the order of time: {seen}, and {other} when it merely sees other frames."
        )
    return f"It is not clear whether the model uses time, for the videos are too few: {seen}."


def _seen(answers: TimeAnswers, asked: Asked) -> str:
    backwards = _differ(answers.clean, answers.backwards, asked)
    shuffled = _differ(answers.clean, answers.shuffled_moments, asked)
    low, high, _ = mean_interval(backwards, asked.groups)
    interval = f"95 % interval {_percent(low)} to {_percent(high)}"
    return (
        f"{_percent(backwards.mean())} of {len(backwards)} answers change when videos run backwards "
        f"({interval}), {_percent(shuffled.mean())} when moments are shuffled"
    )


def _differ(one: np.ndarray, other: np.ndarray, asked: Asked) -> np.ndarray:
    return asked.answers(one) != asked.answers(other)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
