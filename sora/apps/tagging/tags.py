"""The tags of a video: its labels, kinds of objects, and objects and scenes, each with a range of time."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from sora.apps.analysis.content import Analysis
from sora.apps.tagging.groups import group_scores
from sora.apps.tagging.ranges import Smoothing, TimeRange, time_ranges

Kind = Literal["label", "group", "object"]

LABELS = Smoothing(enter=0.6, stay=0.4)
# Looked at on 300 clips of people at sports, which ImageNet does not show: of its objects, those of 0.6 and
# more were right 7 times of 9, those of 0.5 to 0.6 only 4 times of 8 (ropes of a ring are no parallel bars).
OBJECTS = Smoothing(enter=0.6, stay=0.4)
# There a sum of 0.5 over all breeds found 14 of 50 dogs, and none in the 250 clips without one.
GROUPS = Smoothing(enter=0.5, stay=0.3)


@dataclass(frozen=True)
class Tag:
    """What is seen in a video from when to when.

    Attributes:
        name: of the label, the kind of objects, or the object.
        kind: which of these it is.
        start_seconds, end_seconds: from the first frame.
        confidence: mean probability over that time.
        peak: the highest probability there.
    """

    name: str
    kind: Kind
    start_seconds: float
    end_seconds: float
    confidence: float
    peak: float

    @property
    def seconds(self) -> float:
        """How long it is seen."""
        return self.end_seconds - self.start_seconds


def tags(
    analysis: Analysis,
    *,
    labels: Smoothing = LABELS,
    groups: Smoothing = GROUPS,
    objects: Smoothing = OBJECTS,
) -> list[Tag]:
    """Return the tags of a video by their start, labels first; objects only where the analysis has them."""
    found = [*_tags(analysis, "label", label_scores(analysis), labels)]
    found += _tags(analysis, "group", object_group_scores(analysis), groups)
    found += _tags(analysis, "object", object_scores(analysis, objects.stay), objects)
    order = ("label", "group", "object")
    return sorted(found, key=lambda tag: (tag.start_seconds, order.index(tag.kind), -tag.confidence))


def label_scores(analysis: Analysis) -> dict[str, np.ndarray]:
    """Return the probabilities of each label, float32 (W,)."""
    return dict(zip(analysis.labels, analysis.windows.probabilities.T, strict=True))


def object_group_scores(analysis: Analysis) -> dict[str, np.ndarray]:
    """Return the probabilities of each kind of objects, float32 (W,); none where there are no objects."""
    return group_scores(analysis.windows.objects) if analysis.object_names else {}


def object_scores(analysis: Analysis, at_least: float) -> dict[str, np.ndarray]:
    """Return the probabilities, float32 (W,), of each object that anywhere has ``at_least`` so much."""
    objects = analysis.windows.objects
    if not analysis.object_names:
        return {}
    return {
        analysis.object_names[i]: objects[:, i] for i in np.flatnonzero((objects >= at_least).any(axis=0))
    }


def ranges_of(analysis: Analysis, scores: np.ndarray, smoothing: Smoothing) -> list[TimeRange]:
    """Return where a score, float (W,), is high in a video."""
    windows = analysis.windows
    return time_ranges(windows.starts, windows.ends, windows.shots, scores, smoothing)


def as_json(found: Iterable[Tag]) -> list[dict[str, Any]]:
    """Return tags as plain values, rounded to thousandths."""
    return [
        {name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(tag).items()}
        for tag in found
    ]


def _tags(
    analysis: Analysis, kind: Kind, scores: dict[str, np.ndarray], smoothing: Smoothing
) -> Iterator[Tag]:
    for name, values in scores.items():
        for found in ranges_of(analysis, values, smoothing):
            yield Tag(name, kind, found.start_seconds, found.end_seconds, found.confidence, found.peak)
