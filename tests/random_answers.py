"""Random and degenerate answers of models, for property tests: absent labels, ties, single videos."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

NAMES = ["a", "b", "c", "d", "e"]


class Answers(NamedTuple):
    """What is true of N videos and what a model says: probabilities float32 (N, C)."""

    true: list[str]
    probabilities: np.ndarray
    labels: list[str]

    @property
    def places(self) -> list[int]:
        return [self.labels.index(label) for label in self.true]

    @property
    def predicted(self) -> list[str]:
        return [self.labels[i] for i in self.probabilities.argmax(axis=1)]


@st.composite
def one_label(draw: st.DrawFn) -> Answers:
    """Give answers whose probabilities are often equal to each other, and sometimes 0 or 1."""
    num_videos, num_labels = draw(st.integers(1, 25)), draw(st.integers(2, 5))
    labels = NAMES[:num_labels]
    present = draw(st.lists(st.sampled_from(labels), min_size=1, max_size=num_labels))
    true = draw(st.lists(st.sampled_from(present), min_size=num_videos, max_size=num_videos))
    weights = st.lists(st.integers(0, 3), min_size=num_labels, max_size=num_labels).filter(any)
    rows = np.array(draw(st.lists(weights, min_size=num_videos, max_size=num_videos)), np.float32)
    return Answers(true, rows / rows.sum(axis=1, keepdims=True), labels)


@st.composite
def several_labels(draw: st.DrawFn) -> Answers:
    """Give videos of no, one or several labels with independent probabilities."""
    num_videos, num_labels = draw(st.integers(1, 25)), draw(st.integers(2, 5))
    labels = NAMES[:num_labels]
    chosen = st.lists(st.sampled_from(labels), unique=True).map(lambda names: ";".join(sorted(names)))
    true = draw(st.lists(chosen, min_size=num_videos, max_size=num_videos))
    tenths = st.lists(st.integers(0, 10), min_size=num_labels, max_size=num_labels)
    rows = np.array(draw(st.lists(tenths, min_size=num_videos, max_size=num_videos)), np.float32)
    return Answers(true, rows / 10, labels)
