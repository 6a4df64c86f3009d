"""Whether drift is worth an event: something differs, and by enough to matter."""

from dataclasses import dataclass

from sora.drift.compare import Drift

MIN_EFFECT = 0.1


@dataclass(frozen=True)
class Alarm:
    """What is to be told to whoever waits for an event.

    Attributes:
        is_raised: whether it is one.
        property: which differs most, such as ``mean_brightness``; of those that are significant where any is.
        p_value: its own, corrected for the number of tests.
        effect: in [0, 1], see ``Difference``.
    """

    is_raised: bool
    property: str
    p_value: float
    effect: float


def alarm(drift: Drift, min_effect: float = MIN_EFFECT) -> Alarm:
    """Return whether to raise an alarm: a significant difference has at least ``min_effect``, in [0, 1].

    With thousands of videos a difference can be certain and too small to matter.
    """
    most = (drift.moved or sorted(drift.differences, key=lambda each: each.corrected_p_value))[0]
    is_raised = drift.has_drifted and most.effect >= min_effect
    return Alarm(is_raised, most.name, most.corrected_p_value, most.effect)
