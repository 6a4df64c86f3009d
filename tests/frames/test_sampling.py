import hashlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora.frames import sampling
from sora.frames.sampling import segment_indices, spread_over

GOLDEN = (1, "d8a1cc7cf974ed63")


@given(st.integers(1, 5000), st.floats(0, 240), st.integers(1, 40), st.integers(1, 8), st.floats(0.001, 2))
def test_indices_are_in_range_in_order_and_evenly_stepped(n: int, fps: float, t: int, k: int, gap: float):
    found = np.array(segment_indices(n, fps, t, k, gap)).reshape(t, k)
    assert found.min() >= 0
    assert found.max() < n
    assert (np.diff(found[:, 0]) >= 0).all()
    steps = np.diff(found, axis=1)
    assert (steps >= 0).all()
    if n >= k > 1:
        assert len(np.unique(steps)) == 1
        assert 1 <= steps[0, 0] <= max(1, round(gap * fps))


def test_known_indices():
    assert segment_indices(100, 25, 4, 2, 0.04) == [12, 13, 37, 38, 62, 63, 87, 88]
    assert segment_indices(100, 50, 2, 3, 0.04) == [25, 27, 29, 75, 77, 79]
    assert segment_indices(2, 25, 3, 2, 0.04) == [0, 1, 0, 1, 0, 1]
    assert segment_indices(1, 25, 2, 2, 0.04) == [0, 0, 0, 0]
    assert segment_indices(2, 25, 2, 4, 0.04) == [0, 1, 1, 1] * 2
    with pytest.raises(ValueError, match="expected at least 1 frame, got 0"):
        segment_indices(0, 25, 2, 2, 0.04)


@given(st.sets(st.integers(0, 99), min_size=1), st.integers(1, 100))
def test_spread_over_keeps_order_and_is_even(kept: set[int], places: int):
    given_positions = np.array(sorted(kept))
    found = spread_over(given_positions, places)
    assert len(found) == places
    assert set(found) <= kept
    assert (np.diff(found) >= 0).all()
    counts = [int((found == k).sum()) for k in given_positions]
    assert max(counts) - min(counts) <= 1


def test_golden():
    found = [segment_indices(n, fps, 16, 2, 0.04) for n in (1, 7, 64, 999) for fps in (0, 24, 29.97, 120)]
    digest = hashlib.sha256(json.dumps(found).encode()).hexdigest()[:16]
    assert (sampling.VERSION, digest) == GOLDEN, "changed output: raise VERSION and the digest"
