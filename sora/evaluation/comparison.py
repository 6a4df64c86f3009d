"""Whether one model is better than another, from what both said of the same held-out videos."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from sora.errors import SoraError
from sora.evaluation.intervals import Interval, mean_interval
from sora.evaluation.metric_changes import MetricChange, metric_changes
from sora.evaluation.metrics import per_class_table
from sora.manifest import labels_in, probability_column

Verdict = Literal["better", "worse", "no difference shown"]
MAX_P_VALUE = 0.05
_COLUMNS = ["path", "label", "predicted"]


@dataclass(frozen=True)
class Results:
    """What evaluate wrote of one model.

    Attributes:
        name: what people call it.
        predictions: path, label, predicted and a probability per label; no path twice.
        metrics: numbers by name, in any depth of mappings.
    """

    name: str
    predictions: pd.DataFrame
    metrics: Mapping[str, Any]


@dataclass(frozen=True)
class LeftOut:
    """Held-out videos that cannot be compared: those of one side alone, and those whose label changed."""

    only_before: int
    only_after: int
    relabelled: int

    @property
    def total(self) -> int:
        """How many that are in all."""
        return self.only_before + self.only_after + self.relabelled


@dataclass(frozen=True)
class McNemar:
    """McNemar's exact test of as many videos gained as lost, which takes each video for independent."""

    num_gained: int
    num_lost: int
    p_value: float


@dataclass(frozen=True)
class ClassChange:
    """Scores in [0, 1] of one label on the common videos, ``num_videos`` of which have it."""

    label: str
    num_videos: int
    recall_before: float
    recall_after: float
    f1_before: float
    f1_after: float


@dataclass(frozen=True)
class Flip:
    """A video that is right on one side alone.

    The probabilities are those of its label; where it has several, of the least probable of them.
    """

    path: str
    label: str
    group: str
    predicted_before: str
    predicted_after: str
    probability_before: float
    probability_after: float
    is_gain: bool


@dataclass(frozen=True)
class Comparison:
    """What changed from ``before`` to ``after``.

    All but ``metrics`` is of the ``num_videos`` videos that both held out under the same label. They come
    from ``num_groups`` groups, ``num_without_group`` of which are single videos whose group is not known.

    Attributes:
        before, after: names of the two.
        accuracy_before, accuracy_after: shares of videos whose labels are all named and no other.
        difference: of accuracy, after minus before.
        interval: of the difference, 95 %, over groups.
        metrics: each side's own, in the order of its metrics.json.
        classes: in the order of labels; those that no common video has are left out.
        flips: those that became wrong first, the largest change of probability first.
    """

    before: str
    after: str
    num_videos: int
    num_groups: int
    num_without_group: int
    left_out: LeftOut
    accuracy_before: float
    accuracy_after: float
    difference: float
    interval: Interval
    mcnemar: McNemar
    metrics: tuple[MetricChange, ...]
    classes: tuple[ClassChange, ...]
    flips: tuple[Flip, ...]

    @property
    def verdict(self) -> Verdict:
        """Whether ``after`` is better: the interval lies on one side of 0, and McNemar's test agrees.

        Each guards where the other is weak: the interval knows of groups, but is too sure where only a few
        videos flip; the test is exact for any number of them, but takes all for independent.
        """
        if self.interval.low <= 0 <= self.interval.high or self.mcnemar.p_value > MAX_P_VALUE:
            return "no difference shown"
        return "better" if self.difference > 0 else "worse"


def compare(before: Results, after: Results, groups: Mapping[str, str]) -> Comparison:
    """Return how ``after`` differs from ``before``; ``groups`` is by path, a video without one is its own.

    The interval is that of the mean paired difference, video by video, over groups
    (``sora.evaluation.intervals``). McNemar's test is the exact conditional one (Fagerland, Lydersen and
    Laake, "The McNemar test for binary matched-pairs data", 2013).

    Raises:
        SoraError: no video is held out on both sides under the same label.
    """
    common = _common(before.predictions, after.predictions)
    left_out = _left_out(before, after, len(common))
    if common.empty:
        raise SoraError(_nothing_common(before, after, left_out))
    common["group"] = [groups.get(path, path) for path in common["path"]]
    right_before, right_after = _is_right(common, "before"), _is_right(common, "after")
    change = right_after.astype(float) - right_before
    return Comparison(
        before=before.name,
        after=after.name,
        num_videos=len(common),
        num_groups=common["group"].nunique(),
        num_without_group=sum(path not in groups for path in common["path"]),
        left_out=left_out,
        accuracy_before=float(right_before.mean()),
        accuracy_after=float(right_after.mean()),
        difference=float(change.mean()),
        interval=mean_interval(change, list(common["group"]), bounds=(-1.0, 1.0)),
        mcnemar=_mcnemar(int((change > 0).sum()), int((change < 0).sum())),
        metrics=metric_changes(before.metrics, after.metrics),
        classes=_class_changes(common),
        flips=_flips(common, change),
    )


def _common(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return path, label, predicted_ and probability_ before and after, of what both have in common."""
    sides = [
        table[_COLUMNS].assign(probability=_of_own_label(table)) for table in (before, after)
    ]  # of each side, for labels may be in another order
    return sides[0].merge(
        sides[1], on=["path", "label"], suffixes=("_before", "_after"), validate="one_to_one"
    )


def _of_own_label(table: pd.DataFrame) -> list[float]:
    return [
        min(float(row[probability_column(label)]) for label in labels_in(row["label"]))
        for row in table.to_dict("records")
    ]


def _left_out(before: Results, after: Results, num_common: int) -> LeftOut:
    old, new = set(before.predictions["path"]), set(after.predictions["path"])
    return LeftOut(len(old - new), len(new - old), len(old & new) - num_common)


def _nothing_common(before: Results, after: Results, left_out: LeftOut) -> str:
    relabelled = f", {left_out.relabelled} that both have carry other labels" if left_out.relabelled else ""
    return (
        f"{before.name} and {after.name} have no held-out video with the same label in common (of "
        f"{len(before.predictions)} and {len(after.predictions)}{relabelled}); compare models of one split"
    )


def _is_right(common: pd.DataFrame, side: str) -> np.ndarray:
    """Return whether each video's labels are all named and no other, bool (N,)."""
    pairs = zip(common["label"], common[f"predicted_{side}"], strict=True)
    return np.array([labels_in(label) == labels_in(predicted) for label, predicted in pairs])


def _mcnemar(num_gained: int, num_lost: int) -> McNemar:
    from scipy.stats import binomtest

    num_flips = num_gained + num_lost
    p_value = float(binomtest(num_gained, num_flips, 0.5).pvalue) if num_flips else 1.0
    return McNemar(num_gained, num_lost, p_value)


def _class_changes(common: pd.DataFrame) -> tuple[ClassChange, ...]:
    true = list(common["label"])
    named = [true, list(common["predicted_before"]), list(common["predicted_after"])]
    labels = sorted({label for joined in named for video in joined for label in labels_in(video)})
    tables = [per_class_table(true, predicted, labels) for predicted in named[1:]]
    return tuple(
        ClassChange(old["label"], old["num_videos"], old["recall"], new["recall"], old["f1"], new["f1"])
        for old, new in zip(*tables, strict=True)
        if old["num_videos"]
    )


def _flips(common: pd.DataFrame, change: np.ndarray) -> tuple[Flip, ...]:
    rows = common[change != 0].assign(is_gain=change[change != 0] > 0)
    names = list(Flip.__dataclass_fields__)
    flips = [Flip(**{name: row[name] for name in names}) for row in rows.to_dict("records")]
    return tuple(sorted(flips, key=_by_weight))


def _by_weight(flip: Flip) -> tuple[bool, float, str]:
    return flip.is_gain, -abs(flip.probability_after - flip.probability_before), flip.path
