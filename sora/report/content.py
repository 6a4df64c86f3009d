"""What the report and the model card show, as plain values."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

_DEMO_SOURCE = ("data", "demo")


@dataclass(frozen=True)
class ReportContent:
    """Everything that the report shows; an empty value leaves its section out.

    ``metrics``, ``evaluation``, ``robustness``, ``explanation``, ``validation``, ``training`` and
    ``compression``: the JSON of evaluate, evaluate, stress, explain, validate, train and compress.
    ``per_class``: rows of per_class.csv, in the order of labels. ``predictions``: path, label, predicted,
    probabilities (label to number). ``data_counts``: label to split to number of videos; ``split_counts``:
    split to that number, where a video of several labels counts once. ``data_sheet``: of
    ``sora.report.data_sheet``. ``quarantined``: path to reasons. ``history``: epoch, loss, accuracy,
    val_loss, val_accuracy. ``thumbnails``: path to strip (JPEG bytes, see ``sora.video.strip``);
    ``saliency_strips``: path to a strip that explain drew. ``lineage``: name to hash.
    ``comparison``: of another model with this one, as ``Comparison.as_json`` gives it. ``num_test_groups``:
    sources of test videos; 0: not known. ``intended_use`` and ``ethical_considerations``: the user's words.
    """

    source: str
    metrics: Mapping[str, Any]
    per_class: list[dict[str, Any]]
    predictions: list[dict[str, Any]]
    data_counts: Mapping[str, Mapping[str, int]]
    split_counts: Mapping[str, int]
    model_name: str = ""
    num_test_groups: int = 0
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    robustness: Mapping[str, Any] = field(default_factory=dict)
    explanation: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    data_sheet: list[tuple[str, str]] = field(default_factory=list)
    quarantined: Mapping[str, list[str]] = field(default_factory=dict)
    validation: Mapping[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    compression: Mapping[str, Any] = field(default_factory=dict)
    thumbnails: Mapping[str, bytes] = field(default_factory=dict)
    saliency_strips: Mapping[str, bytes] = field(default_factory=dict)
    lineage: Mapping[str, str] = field(default_factory=dict)
    comparison: Mapping[str, Any] = field(default_factory=dict)
    num_mistakes: int = 12
    intended_use: str = ""
    ethical_considerations: str = ""

    @property
    def labels(self) -> list[str]:
        """The labels that the model knows, in order."""
        return [row["label"] for row in self.per_class]

    @property
    def has_several_labels(self) -> bool:
        """Whether the model may give a video several labels."""
        return self.metrics["kind"] == "several_labels"

    @property
    def is_demo(self) -> bool:
        """Whether the videos come from data/demo, which Sora renders itself."""
        return PurePath(self.source).parts[-2:] == _DEMO_SOURCE

    @property
    def chance(self) -> float:
        """The accuracy of always giving the most frequent answer of the test videos, in [0, 1]."""
        counts = Counter(row["label"] for row in self.predictions)
        return max(counts.values()) / counts.total() if counts else 0.0

    @property
    def shipped(self) -> Mapping[str, Any]:
        """The candidate of compression that was chosen; empty where there is none."""
        rows = self.compression.get("candidates", [])
        return next((row for row in rows if row["name"] == self.compression["chosen"]), {})
