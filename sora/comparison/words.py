"""A comparison in sentences: the answer first, then what a reader must know beside it."""

from dataclasses import asdict
from typing import Any

from sora.evaluation.comparison import Comparison


def sentence(found: Comparison) -> str:
    """Return whether the later model is better, in one sentence, with the interval of the difference."""
    low, high = points(found.interval.low), points(found.interval.high)
    return (
        f"{_answer(found)}: accuracy {found.accuracy_after:.3f} against {found.accuracy_before:.3f} on the "
        f"same {_videos(found.num_videos)}, a difference of {points(found.difference)} points "
        f"(95 % interval {low} to {high}, {found.interval.method})."
    )


def notes(found: Comparison) -> list[str]:
    """Return what was tested beside it, and which videos and groups could not be used, a sentence each."""
    test = found.mcnemar
    said = [
        f"{_videos(test.num_gained)} became right, {_videos(test.num_lost)} became wrong; McNemar's exact "
        f"test, which takes each video for independent, gives p = {test.p_value:.2g}."
    ]
    if found.verdict == "no difference shown" and not found.interval.low <= 0 <= found.interval.high:
        said.append("The interval leaves 0 out, but so few videos flipped that this may be chance.")
    if found.left_out.total:
        said.append(_left_out(found))
    if found.num_without_group:
        said.append(
            f"The group of {_videos(found.num_without_group)} is not known: each is taken for one of its "
            "own, so that the interval may be too narrow."
        )
    return said


def as_json(found: Comparison) -> dict[str, Any]:
    """Return all of it as plain values, the verdict and the sentences first."""
    return {
        "verdict": found.verdict,
        "sentence": sentence(found),
        "notes": notes(found),
        **asdict(found),
        "interval": found.interval._asdict(),
    }


def points(share: float) -> str:
    """Write a difference of shares in percentage points, with its sign."""
    return f"{100 * share:+.1f}"


def _answer(found: Comparison) -> str:
    if found.verdict == "no difference shown":
        return f"{found.after} is shown to be neither better nor worse than {found.before}"
    return f"{found.after} is {found.verdict} than {found.before}"


def _left_out(found: Comparison) -> str:
    left_out = found.left_out
    return (
        f"{_videos(left_out.total)} cannot be compared: {left_out.only_before} held out by {found.before} "
        f"alone, {left_out.only_after} by {found.after} alone, {left_out.relabelled} whose label changed. "
        "The metrics of each side still count all of its own."
    )


def _videos(number: int) -> str:
    return f"{number} video{'' if number == 1 else 's'}"
