import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora.decision import THRESHOLD, decided_labels

LABELS = ["jump", "run", "wave"]


@pytest.mark.parametrize(
    ("probabilities", "several_labels", "expected"),
    [
        ([0.2, 0.5, 0.3], False, ("run",)),
        ([0.9, 0.8, 0.1], False, ("jump",)),
        ([0.9, 0.5, 0.49], True, ("jump", "run")),
        ([0.1, 0.2, 0.4], True, ("wave",)),
        ([0.6, 0.6, 0.6], True, ("jump", "run", "wave")),
        ([0.5, 0.5, 0.0], False, ("jump",)),
    ],
)
def test_the_rule(probabilities, several_labels, expected):
    assert decided_labels(np.array(probabilities), LABELS, several_labels=several_labels) == expected


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_the_best_is_always_named_and_with_it_all_that_reach_the_threshold(probabilities):
    named = decided_labels(np.array(probabilities), LABELS, several_labels=True)
    others = {name for name, value in zip(LABELS, probabilities, strict=True) if value >= THRESHOLD}
    assert others <= set(named)
    assert LABELS[int(np.argmax(probabilities))] in named
    assert len(named) == max(1, len(others))
