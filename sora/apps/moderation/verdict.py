"""What a policy says of a video, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from sora.apps.analysis.content import Analysis
from sora.apps.moderation.policy import (
    Action,
    LengthRule,
    NameRule,
    NsfwRule,
    Policy,
    check_policy,
    strictest,
)
from sora.apps.tagging.groups import GROUPS
from sora.apps.tagging.ranges import Smoothing, TimeRange
from sora.apps.tagging.tags import label_scores, object_group_scores, object_scores, ranges_of

About = Literal["nsfw", "label", "tag", "duration", "unseen"]


@dataclass(frozen=True)
class Reason:
    """A rule that holds.

    Attributes:
        about: which kind of rule.
        action: what it demands.
        name: of the label or tag; else empty.
        start_seconds, end_seconds: where it holds; the whole video where that says no more.
        score: the highest score there; the seconds, where the rule is about those.
        text: all this in a sentence.
    """

    about: About
    action: Action
    name: str
    start_seconds: float
    end_seconds: float
    score: float
    text: str


@dataclass(frozen=True)
class Verdict:
    """What is to be done with a video, and all rules that hold, the strictest first."""

    action: Action
    reasons: tuple[Reason, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain values, rounded to thousandths."""
        return {"action": self.action, "reasons": [_rounded(asdict(reason)) for reason in self.reasons]}


def moderate(analysis: Analysis, policy: Policy) -> Verdict:
    """Judge a video by a policy. Scores count as they are, window by window: smoothing could hide a moment.

    Raises:
        SoraError: the policy names what does not exist, or asks for what the analysis lacks.
    """
    names = {*analysis.object_names, *GROUPS}
    check_policy(policy, analysis.labels, names, no_tags=analysis.no_objects, no_nsfw=analysis.no_looks)
    reasons = [*_nsfw(analysis, policy.nsfw)]
    reasons += _names(analysis, "label", policy.labels, label_scores(analysis))
    reasons += _names(analysis, "tag", policy.tags, _tag_scores(analysis, policy.tags))
    reasons += _lengths(analysis, policy)
    action = strictest([reason.action for reason in reasons])
    order = sorted(reasons, key=lambda reason: (reason.action != "block", reason.start_seconds, reason.name))
    return Verdict(action, tuple(order))


def _nsfw(analysis: Analysis, rules: Sequence[NsfwRule]) -> Iterator[Reason]:
    if analysis.looks is None:
        return
    times, scores = analysis.looks.times, analysis.looks.scores
    edges = np.concatenate([[0.0], (times[1:] + times[:-1]) / 2, [analysis.facts.duration_seconds]])
    for rule in rules:
        for places in _runs(scores >= rule.at_least):
            start, end = float(edges[places[0]]), float(edges[places[-1] + 1])
            if end - start >= rule.min_seconds:
                peak = float(scores[places].max())
                allowed = f"less than {rule.at_least:g} allowed"
                text = f"not safe for work at {_span(start, end)}: {peak:.2f}, {allowed}"
                yield Reason("nsfw", rule.action, "", start, end, peak, text)


def _names(
    analysis: Analysis, about: About, rules: Sequence[NameRule], scores: dict[str, np.ndarray]
) -> Iterator[Reason]:
    for rule in rules:
        plain = Smoothing(rule.at_least, rule.at_least, median_windows=1, max_gap_seconds=0, min_seconds=0)
        for name in rule.names:
            found = ranges_of(analysis, scores[name], plain)
            if found and sum(one.end_seconds - one.start_seconds for one in found) >= rule.min_seconds:
                yield from (_name_reason(about, rule, name, one) for one in found)


def _name_reason(about: About, rule: NameRule, name: str, found: TimeRange) -> Reason:
    start, end = found.start_seconds, found.end_seconds
    text = f"{about} {name} at {_span(start, end)}: {found.peak:.2f}, less than {rule.at_least:g} allowed"
    return Reason(about, rule.action, name, start, end, found.peak, text)


def _tag_scores(analysis: Analysis, rules: Sequence[NameRule]) -> dict[str, np.ndarray]:
    return object_group_scores(analysis) | object_scores(analysis, 0.0) if rules else {}


def _lengths(analysis: Analysis, policy: Policy) -> Iterator[Reason]:
    duration = analysis.facts.duration_seconds
    unseen = sum(gap.end_seconds - gap.start_seconds for gap in analysis.gaps)
    measured: tuple[tuple[About, float, Sequence[LengthRule], str], ...] = (
        ("duration", duration, policy.duration, "lasts {:.1f} s"),
        ("unseen", unseen, policy.unseen, "{:.1f} s of it could not be judged"),
    )
    for about, seconds, rules, words in measured:
        for rule in rules:
            if seconds > rule.longer_than_seconds:
                text = f"{words.format(seconds)}, {rule.longer_than_seconds:g} s allowed"
                yield Reason(about, rule.action, "", 0.0, duration, seconds, text)


def _runs(high: np.ndarray) -> list[np.ndarray]:
    places = np.flatnonzero(high)
    return np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if len(places) else []


def _span(start: float, end: float) -> str:
    return f"{start:.1f} to {end:.1f} s"


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in values.items()}
