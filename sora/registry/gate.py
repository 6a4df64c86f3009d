"""Whether a candidate may take the place of the model that serves; pure functions."""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import pandas as pd
from annotated_types import Ge, Le

from sora.comparison.words import sentence
from sora.evaluation.comparison import Comparison, Results, answers_right, compare
from sora.params import STRICT
from sora.registry.holdout import Holdout, holdout_of, within

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Rules:
    """The section ``gate`` of params.yaml.

    Attributes:
        max_class_drop: by how much the recall of a class may fall, in [0, 1].
        max_latency_ratio: time a video takes, against that of the model that serves.
    """

    __pydantic_config__: ClassVar = STRICT

    max_class_drop: Annotated[float, Ge(0), Le(1)]
    max_latency_ratio: Annotated[float, Ge(1)]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of a model.

    Attributes:
        version: its name.
        answers: what it said of the held-out videos: path, content_hash, group, label, predicted and a
            probability per label; no content_hash twice.
        leaks: what validation found to be on both sides of a split, a sentence each.
        latency_ms: median time a video takes.
    """

    version: str
    answers: pd.DataFrame
    leaks: tuple[str, ...]
    latency_ms: float

    def on(self, holdout: Holdout) -> "Evidence":
        """Return the same of those videos alone that are of ``holdout``."""
        return replace(self, answers=within(self.answers, holdout))

    @property
    def holdout(self) -> Holdout:
        """The videos that it was judged on."""
        return holdout_of(self.answers)

    @property
    def accuracy(self) -> float:
        """The share of them whose labels are all named and no other; 0 of none."""
        right = answers_right(self.answers["label"], self.answers["predicted"])
        return float(right.mean()) if len(right) else 0.0


@dataclass(frozen=True)
class Check:
    """One condition: its name, whether it holds, and a sentence with the figures."""

    name: str
    passed: bool
    sentence: str


@dataclass(frozen=True)
class Decision:
    """What the gate says, all conditions in order."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether all of them hold."""
        return all(check.passed for check in self.checks)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What speaks against the candidate, a sentence each; empty where it passed."""
        return tuple(check.sentence for check in self.checks if not check.passed)

    @property
    def sentences(self) -> tuple[str, ...]:
        """All that was found."""
        return tuple(check.sentence for check in self.checks)


def judge(candidate: Evidence, serving: Evidence | None, rules: Rules) -> Decision:
    """Return whether ``candidate`` may serve in place of ``serving``; None: nothing serves yet.

    It must have no leak. Against the model that serves, on the same held-out videos, it must not be shown to
    be worse (the paired interval over groups, and McNemar's test), no class may lose more recall than
    ``max_class_drop``, and it must not take longer than ``max_latency_ratio`` times as long.
    """
    if serving is None:
        return Decision((_leaks(candidate), _first(candidate)))
    holdout = _holdout(candidate, serving)
    compared = _compared(candidate, serving, rules) if holdout.passed else ()
    return Decision((_leaks(candidate), holdout, *compared, _latency(candidate, serving, rules)))


def _compared(candidate: Evidence, serving: Evidence, rules: Rules) -> tuple[Check, ...]:
    groups = dict(zip(candidate.answers["content_hash"], candidate.answers["group"], strict=True))
    found = compare(_results("serving", serving), _results("candidate", candidate), groups)
    return (
        Check("overall", found.verdict != "worse", sentence(found)),
        _classes(found, rules.max_class_drop),
    )


def _results(role: str, evidence: Evidence) -> Results:
    table = evidence.answers.assign(path=evidence.answers["content_hash"])
    return Results(f"{role} {evidence.version}", table, {})


def _first(candidate: Evidence) -> Check:
    right = f"accuracy {candidate.accuracy:.3f} on {_videos(len(candidate.holdout))}"
    return Check("overall", True, f"nothing serves yet to be compared with: {right}")


def _leaks(candidate: Evidence) -> Check:
    found = candidate.leaks
    if not found:
        return Check("leaks", True, "no video and no group is on both sides of a split")
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return Check(
        "leaks",
        False,
        f"what is held out leaked into training: {found[0]}{more}; see reports/validation.json and correct "
        "the splits",
    )


def _holdout(candidate: Evidence, serving: Evidence) -> Check:
    wanted, given = serving.holdout, candidate.holdout
    if wanted.sha256 == given.sha256 and len(wanted):
        return Check(
            "holdout", True, f"both were judged on hold-out {_short(wanted)}, {_videos(len(wanted))}"
        )
    if not len(wanted):
        return Check(
            "holdout", False, "0 held-out videos are common to both under the same label: nothing to compare"
        )
    missing = [
        path
        for path, content_hash in serving.answers[["path", "content_hash"]].itertuples(index=False)
        if given.labels.get(content_hash) != wanted.labels[content_hash]
    ]
    first = f" (first: {missing[0]})" if missing else ""
    return Check(
        "holdout",
        False,
        f"the candidate was not judged on hold-out {_short(wanted)} of the model that serves: {len(missing)} "
        f"of its {_videos(len(wanted))} were not held out, or under another label{first}; "
        "put them back among the test videos (ingest.split_column) and run dvc repro, or take the test "
        "videos of the candidate for the hold-out from now on with sora promote --new-holdout",
    )


def _classes(found: Comparison, max_drop: float) -> Check:
    worst = max(found.classes, key=lambda one: one.recall_before - one.recall_after)
    drop = worst.recall_before - worst.recall_after
    figures = (
        f"recall of {worst.label} went from {worst.recall_before:.3f} to {worst.recall_after:.3f} on "
        f"{_videos(worst.num_videos)}"
    )
    if drop <= max_drop + _ROUNDING:
        said = f"no class lost more than {max_drop:.3f} of recall; {figures}, the largest change downwards"
        return Check("classes", True, said if drop > 0 else "no class lost recall")
    return Check("classes", False, f"{figures}, a drop of {drop:.3f} where {max_drop:.3f} is allowed")


def _latency(candidate: Evidence, serving: Evidence, rules: Rules) -> Check:
    ratio = candidate.latency_ms / serving.latency_ms
    return Check(
        "latency",
        ratio <= rules.max_latency_ratio + _ROUNDING,
        f"a video takes {candidate.latency_ms:.1f} ms against {serving.latency_ms:.1f} ms, "
        f"{ratio:.2f} times as long where {rules.max_latency_ratio:g} is allowed",
    )


def _short(holdout: Holdout) -> str:
    return holdout.sha256[:12]


def _videos(number: int) -> str:
    return f"{number} video{'' if number == 1 else 's'}"
