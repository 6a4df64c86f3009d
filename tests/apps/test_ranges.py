from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora.apps.tagging.ranges import Smoothing, TimeRange, hysteresis, median_within, time_ranges


def ranges(scores, smoothing, *, seconds=2.0, shots=None, gaps=()):
    count = len(scores)
    starts = np.arange(count) * seconds + np.array(
        [sum(place >= gap for gap in gaps) * 5.0 for place in range(count)]
    )
    shots = np.zeros(count, int) if shots is None else np.array(shots)
    return time_ranges(starts, starts + seconds, shots, np.array(scores), smoothing)


PLAIN = Smoothing(0.6, 0.4, median_windows=1, max_gap_seconds=0, min_seconds=0)


def test_a_range_begins_high_and_lasts_while_it_is_not_low():
    found = ranges([0.1, 0.5, 0.8, 0.45, 0.1, 0.5, 0.5], PLAIN)
    assert found == [TimeRange(2, 8, pytest.approx((0.5 + 0.8 + 0.45) / 3), 0.8)]


def test_a_single_odd_window_is_smoothed_within_a_shot_but_not_across_a_cut():
    smooth = Smoothing(0.6, 0.4, max_gap_seconds=0, min_seconds=0)
    assert ranges([0.1, 0.1, 0.9, 0.1, 0.1], smooth) == []
    assert [(r.start_seconds, r.end_seconds) for r in ranges([0.9, 0.9, 0.1, 0.9, 0.9], smooth)] == [(0, 10)]
    cut = ranges([0.1, 0.1, 0.9, 0.1, 0.1], smooth, shots=[0, 0, 1, 2, 2])
    assert [(r.start_seconds, r.end_seconds) for r in cut] == [(4, 6)]


def test_near_ranges_are_one_and_short_ones_are_dropped():
    merging = Smoothing(0.6, 0.6, median_windows=1, max_gap_seconds=2, min_seconds=3)
    found = ranges([0.9, 0.1, 0.7, 0.1, 0.1, 0.9], merging)
    assert found == [TimeRange(0, 6, pytest.approx(0.8), 0.9)]


def test_what_was_not_seen_ends_a_range():
    scores = [0.9, 0.5, 0.3]
    assert [(r.start_seconds, r.end_seconds) for r in ranges(scores, PLAIN)] == [(0, 4)]
    assert [(r.start_seconds, r.end_seconds) for r in ranges(scores, PLAIN, gaps=[1])] == [(0, 2)]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_ranges_are_apart_in_order_and_hold_a_high_window(scores):
    found = ranges(scores, PLAIN)
    assert all(r.peak >= 0.6 and r.end_seconds > r.start_seconds for r in found)
    assert all(a.end_seconds < b.start_seconds for a, b in pairwise(found))
    covered = sum(r.end_seconds - r.start_seconds for r in found)
    assert 2 * sum(s >= 0.6 for s in scores) <= covered <= 2 * sum(s >= 0.4 for s in scores)


def test_medians_keep_a_constant_and_the_ends():
    shots = np.zeros(4, int)
    assert median_within(np.array([0.2, 0.2, 0.9, 0.9]), shots, 3).tolist() == [0.2, 0.2, 0.9, 0.9]
    assert median_within(np.array([0.3]), np.array([5]), 3).tolist() == [0.3]


def test_hysteresis_needs_both_thresholds():
    touches = np.array([False, True, True, True])
    assert hysteresis(np.array([0.5, 0.5, 0.5, 0.5]), touches, 0.6, 0.4).tolist() == [False] * 4
    assert hysteresis(np.array([0.5, 0.6, 0.5, 0.3]), touches, 0.6, 0.4).tolist() == [True, True, True, False]


@pytest.mark.parametrize("values", [(0.4, 0.6, 3), (0.6, 0.4, 2), (1.2, 0.4, 1)])
def test_senseless_smoothing_is_refused(values):
    with pytest.raises(ValueError, match=r"expected|odd"):
        Smoothing(values[0], values[1], median_windows=values[2])


def test_a_low_score_after_a_cut_goes_on_with_nothing_and_a_high_one_does():
    assert [(r.start_seconds, r.end_seconds) for r in ranges([0.9, 0.5], PLAIN, shots=[0, 1])] == [(0, 2)]
    assert [(r.start_seconds, r.end_seconds) for r in ranges([0.9, 0.7], PLAIN, shots=[0, 1])] == [(0, 4)]
