import hashlib
import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora.frames import sampling
from sora.frames.sampling import close_gaps, last_segment_indices, segment_indices, spread_over

GOLDEN = (2, "82fca7c5c96315d5")
RATES = st.sampled_from(
    [Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(50), Fraction(60)]
)
SEGMENTS, LENGTHS = st.integers(1, 40), st.integers(1, 8)
INTERVALS = st.sampled_from([0.001, 0.03, 0.04, 0.05, 0.06, 0.1, 0.2, 1.0])


def by_count(n: int, fps: float, num_segments: int, length: int, interval: float) -> list[int]:
    """The formula for a constant rate, in whole frames."""
    step = max(1, round(interval * fps))
    step = min(step, max(1, (n - 1) // max(1, length - 1)))
    centres = ((np.arange(num_segments) + 0.5) * n / num_segments).astype(int)
    starts = np.clip(centres, 0, max(0, n - 1 - step * (length - 1)))
    indices = starts[:, None] + step * np.arange(length)
    return [int(i) for i in np.minimum(indices, n - 1).ravel()]


def constant(n: int, fps: Fraction | float) -> np.ndarray:
    return np.array([float(i / Fraction(fps)) for i in range(n)])


@given(st.integers(1, 2000), RATES, SEGMENTS, LENGTHS, INTERVALS)
def test_a_constant_rate_is_counted_in_frames(n: int, fps: Fraction, t: int, k: int, interval: float):
    assert segment_indices(constant(n, fps), t, k, interval) == by_count(n, float(fps), t, k, interval)


@given(st.integers(30, 2000), RATES, SEGMENTS, LENGTHS, st.sampled_from([np.round, np.floor]))
def test_times_in_whole_milliseconds_choose_the_same_frames(n: int, fps: Fraction, t: int, k: int, whole):
    times = whole(constant(n, fps) * 1000) / 1000
    assert segment_indices(times, t, k, 0.04) == by_count(n, float(fps), t, k, 0.04)


gaps = st.lists(st.floats(0, 2), min_size=0, max_size=60)


@given(gaps, SEGMENTS, LENGTHS, st.floats(0.001, 2))
def test_any_times_give_frames_in_range_and_in_order(steps: list[float], t: int, k: int, interval: float):
    times = np.concatenate([[0.0], np.cumsum(steps)])
    kept = times.copy()
    found = np.array(segment_indices(times, t, k, interval)).reshape(t, k)
    np.testing.assert_array_equal(times, kept)
    assert found.min() >= 0
    assert found.max() < len(times)
    assert (np.diff(found[:, 0]) >= 0).all()
    assert (np.diff(found, axis=1) >= (1 if len(times) >= k else 0)).all()


def test_a_variable_rate_is_sampled_by_time():
    slow_then_fast = np.concatenate([np.arange(10) * 0.5, 5 + np.arange(100) * 0.05])  # 10 s, 110 frames
    first = segment_indices(slow_then_fast, 4, 1, 0.04)
    np.testing.assert_allclose(slow_then_fast[first], [1.0, 3.5, 6.25, 8.75], atol=0.05)
    pairs = np.array(segment_indices(slow_then_fast, 4, 2, 0.2)).reshape(4, 2)
    gaps = np.diff(slow_then_fast[pairs], axis=1).ravel()
    np.testing.assert_allclose(gaps, [0.5, 0.5, 0.2, 0.2])


def test_known_indices():
    assert segment_indices(constant(100, 25), 4, 2, 0.04) == [12, 13, 37, 38, 62, 63, 87, 88]
    assert segment_indices(constant(100, 50), 2, 3, 0.04) == [25, 27, 29, 75, 77, 79]
    assert segment_indices(constant(2, 25), 3, 2, 0.04) == [0, 1, 0, 1, 0, 1]
    assert segment_indices(constant(1, 25), 2, 2, 0.04) == [0, 0, 0, 0]
    assert segment_indices(constant(2, 25), 2, 4, 0.04) == [0, 1, 1, 1] * 2
    with pytest.raises(ValueError, match="expected at least 1 frame, got 0"):
        segment_indices(np.empty(0), 2, 2, 0.04)


def test_frames_without_times_count_as_evenly_spaced():
    assert segment_indices(np.zeros(8), 2, 2, 0.04) == [2, 3, 6, 7]


def test_gaps_take_no_time_and_repeats_leave_theirs_to_the_frame_before():
    times = np.arange(8) / 10
    kept = np.array([1, 1, 0, 0, 1, 0, 1, 1], bool)
    shown_on = np.array([0, 0, 0, 0, 0, 1, 0, 0], bool)
    playing = close_gaps(times, kept, shown_on)
    assert playing.frames.tolist() == [0, 1, 4, 6, 7]
    np.testing.assert_allclose(playing.times, [0, 0.1, 0.2, 0.4, 0.5])
    assert playing.runs.tolist() == [0, 0, 1, 1, 1]


def test_a_segment_does_not_reach_over_a_gap():
    runs = np.repeat([0, 1], 10)
    assert segment_indices(constant(20, 10), 2, 3, 0.1, runs) == [5, 6, 7, 15, 16, 17]
    assert segment_indices(constant(20, 10), 1, 3, 0.1, runs) == [10, 11, 12]
    assert segment_indices(constant(20, 10), 1, 3, 0.1, np.repeat([0, 1], [12, 8])) == [9, 10, 11]
    assert segment_indices(constant(4, 10), 1, 2, 0.1, np.arange(4)) == [2, 3], "no run is long enough"


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
    uneven = np.cumsum(np.arange(64) % 5 / 50)
    found = [segment_indices(constant(n, fps), 16, 2, 0.04) for n in (1, 7, 64, 999) for fps in (24, 120)]
    found += [segment_indices(uneven, 16, 3, 0.1), segment_indices(uneven, 5, 2, 0.04, np.arange(64) // 7)]
    digest = hashlib.sha256(json.dumps(found).encode()).hexdigest()[:16]
    assert (sampling.VERSION, digest) == GOLDEN, "changed output: raise VERSION and the digest"


@given(st.integers(1, 300), RATES, LENGTHS, INTERVALS)
def test_the_last_segment_has_the_steps_of_every_other_and_ends_with_the_last_frame(n, fps, k, interval):
    found = last_segment_indices(5 + constant(n, fps), k, interval)
    others = by_count(n, float(fps), 1, k, interval)
    assert found[-1] == (n - 1 if k <= n else others[-1])
    if k <= n:
        assert np.array_equal(np.diff(found), np.diff(others))
    else:
        assert found == others


def test_no_frames_have_no_last_segment():
    with pytest.raises(ValueError, match="at least 1 frame"):
        last_segment_indices(np.zeros(0), 2, 0.04)
