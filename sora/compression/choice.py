"""Which candidate to serve: the fastest one that is as good as the float network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

MIN_SPEEDUP = 1.05
_ROUNDS_SLOWER = 0.25  # share of rounds in which the gain may be less: the noise of the measurement


@dataclass(frozen=True)
class Rule:
    """What a candidate must keep of the float network, on validation videos.

    Attributes:
        max_accuracy_loss: by how much its accuracy may be lower.
        min_agreement: share of the videos that it must give the same labels as the float network.
    """

    max_accuracy_loss: float
    min_agreement: float


@dataclass(frozen=True)
class Standing:
    """What the choice looks at.

    Attributes:
        name: of the candidate.
        rounds_ms: what a video took in each round; place i of all candidates is the same round.
        accuracy: on the validation videos; None where there are none.
        agreement: share of those that have the float network's labels; None where there are none.
    """

    name: str
    rounds_ms: Sequence[float]
    accuracy: float | None
    agreement: float | None

    @property
    def median_ms(self) -> float:
        """What a video takes."""
        return float(np.median(self.rounds_ms))


@dataclass(frozen=True)
class Choice:
    """The candidate that is served, why, and for each that may not be, why not."""

    name: str
    reason: str
    refused: Mapping[str, str]


def choose(standings: Sequence[Standing], rule: Rule) -> Choice:
    """Choose the candidate with the least median time among those that keep the rule.

    The first is the float network. It is served unless another one keeps the rule and is clearly faster:
    ``MIN_SPEEDUP`` times, in three of four rounds.
    """
    reference, *others = standings
    refusals = {other.name: _refusal(other, reference, rule) for other in others}
    refused = {name: reason for name, reason in refusals.items() if reason}
    best = min((s for s in standings if s.name not in refused), key=lambda s: s.median_ms)
    return Choice(best.name, _reason(best, reference), refused)


def _refusal(candidate: Standing, reference: Standing, rule: Rule) -> str:
    if candidate.accuracy is None or candidate.agreement is None or reference.accuracy is None:
        return "cannot be judged: there are no validation videos"
    loss = reference.accuracy - candidate.accuracy
    if loss > rule.max_accuracy_loss:
        return f"loses {loss:.3f} of accuracy on validation videos, {rule.max_accuracy_loss:g} is allowed"
    if candidate.agreement < rule.min_agreement:
        return (
            f"gives {candidate.agreement:.3f} of the validation videos the float network's labels, "
            f"{rule.min_agreement:g} is asked for"
        )
    if not is_clearly_faster(candidate, reference):
        return (
            f"is not clearly faster: {candidate.median_ms:.0f} ms a video against {reference.median_ms:.0f}"
        )
    return ""


def is_clearly_faster(candidate: Standing, reference: Standing) -> bool:
    """Whether it is ``MIN_SPEEDUP`` times as fast in three of four rounds."""
    speedups = np.divide(reference.rounds_ms, candidate.rounds_ms)
    return bool(np.quantile(speedups, _ROUNDS_SLOWER, method="higher") >= MIN_SPEEDUP)


def _reason(best: Standing, reference: Standing) -> str:
    if best is reference:
        return f"{best.name} ({best.median_ms:.0f} ms a video): none that is clearly faster is as good"
    return (
        f"{best.name} is the fastest that keeps the rule: {best.median_ms:.0f} ms a video against "
        f"{reference.median_ms:.0f} of {reference.name}; on validation videos it has {best.agreement:.3f} of the "
        f"labels, and {best.accuracy:.3f} accuracy against {reference.accuracy:.3f}"
    )
