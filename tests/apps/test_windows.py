from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora.apps.analysis.windows import ShotWindow, even_moments, shot_windows


def test_a_shot_is_divided_evenly_and_a_cut_is_kept():
    assert shot_windows([4.0], 13.0, 5.0) == [
        ShotWindow(0, 4, 0),
        ShotWindow(4, 8.5, 1),
        ShotWindow(8.5, 13, 1),
    ]


@given(cuts=st.lists(st.floats(-5, 100), max_size=6), duration=st.floats(0.1, 90), longest=st.floats(0.5, 20))
def test_windows_are_the_whole_video_and_none_crosses_a_cut(cuts, duration, longest):
    found = shot_windows(cuts, duration, longest)
    assert found[0].start_seconds == 0
    assert found[-1].end_seconds == pytest.approx(duration)
    assert all(a.end_seconds == b.start_seconds for a, b in pairwise(found))
    assert all(w.end_seconds - w.start_seconds <= longest * 1.000001 for w in found)
    inside = {cut for cut in cuts if 0 < cut < duration}
    assert not [cut for cut in inside for w in found if w.start_seconds < cut < w.end_seconds]
    assert found[-1].shot == len(inside)


def test_moments_are_centres_of_even_parts():
    assert even_moments(10, 12.5, 1) == pytest.approx([10 + 2.5 / 6, 11.25, 10 + 12.5 / 6])
    assert even_moments(0, 0.2, 1) == [0.1]
