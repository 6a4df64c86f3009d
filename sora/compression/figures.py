"""What was measured of a candidate: its row in the table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sora.compression.building import Candidate
from sora.compression.choice import Standing
from sora.compression.latency import Durations
from sora.evaluation.metrics import classification_metrics
from sora.evaluation.predictions import predicted_labels


@dataclass(frozen=True)
class Costs:
    """Time and memory of a candidate.

    Attributes:
        video: one video from its network input on: all streams through the backbone, then the head.
        batches: of the backbone alone, by the number of images; empty where it takes whole clips.
        peak_memory_bytes: of a process that runs nothing else.
    """

    video: Durations
    batches: Mapping[int, Durations]
    peak_memory_bytes: int

    def row(self) -> dict[str, Any]:
        """Return the figures by their names in the table."""
        named = {"latency": self.video, **{f"batch_{size}": taken for size, taken in self.batches.items()}}
        times = {
            f"{name}_ms_{which}": round(value, 2)
            for name, taken in named.items()
            for which, value in (("median", taken.median_ms), ("p95", taken.p95_ms))
        }
        return {**times, "peak_memory_bytes": self.peak_memory_bytes}


@dataclass(frozen=True)
class Videos:
    """The videos that candidates are measured on, validation and test, one place each."""

    splits: Sequence[str]
    labels: Sequence[str]
    groups: Sequence[str]

    def of(self, split: str) -> np.ndarray:
        """Return which of them are of a split, bool (N,)."""
        return np.array(self.splits) == split


@dataclass(frozen=True)
class Answers:
    """How good the answers of a candidate are, and how near those of the float network.

    Attributes:
        metrics: on the test videos, as ``classification_metrics``.
        agreement: share of the test videos that get the float network's labels.
        val_accuracy, val_agreement: on the validation videos; None where there are none.
        max_probability_change: the largest of any label of any video.
    """

    metrics: dict[str, Any]
    agreement: float
    val_accuracy: float | None
    val_agreement: float | None
    max_probability_change: float

    def row(self) -> dict[str, Any]:
        """Return the figures by their names in the table."""
        names = ("accuracy", "accuracy_interval_low", "accuracy_interval_high", "macro_f1")
        return {
            **{name: self.metrics[name] for name in names},
            "agreement": self.agreement,
            "val_accuracy": self.val_accuracy,
            "val_agreement": self.val_agreement,
            "max_probability_change": round(self.max_probability_change, 6),
            "metrics": self.metrics,
        }


def judged(
    probabilities: np.ndarray,
    reference: np.ndarray,
    videos: Videos,
    labels: list[str],
    *,
    several_labels: bool,
) -> Answers:
    """Compare a candidate's probabilities, float (N, C), with the truth and with the float network's."""
    given, float_given = (
        np.array(predicted_labels(rows, labels, several_labels=several_labels))
        for rows in (probabilities, reference)
    )
    true, groups = np.array(videos.labels), np.array(videos.groups)
    on_test, on_val = videos.of("test"), videos.of("val")
    metrics = classification_metrics(
        list(true[on_test]),
        list(given[on_test]),
        list(groups[on_test]),
        labels,
        several_labels=several_labels,
    )
    same, right = given == float_given, given == true
    return Answers(
        metrics,
        agreement=float(same[on_test].mean()),
        val_accuracy=float(right[on_val].mean()) if on_val.any() else None,
        val_agreement=float(same[on_val].mean()) if on_val.any() else None,
        max_probability_change=float(np.abs(probabilities - reference).max()),
    )


@dataclass(frozen=True)
class Figures:
    """All that was measured of a candidate."""

    candidate: Candidate
    costs: Costs
    answers: Answers

    @property
    def name(self) -> str:
        """The candidate's name."""
        return self.candidate.variant.name

    @property
    def standing(self) -> Standing:
        """What the choice looks at."""
        answers = self.answers
        return Standing(self.name, self.costs.video.rounds_ms, answers.val_accuracy, answers.val_agreement)

    def row(self, refused: str) -> dict[str, Any]:
        """Return the candidate's row; ``refused``: why it may not be served, empty where it may."""
        variant = self.candidate.variant
        return {
            "name": self.name,
            "runtime": variant.runtime,
            "precision": variant.precision,
            "removed_channels": variant.channels,
            "size_bytes": self.candidate.size_bytes,
            **self.costs.row(),
            **self.answers.row(),
            "refused": refused,
        }
