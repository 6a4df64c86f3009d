from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, ks_2samp

from sora.drift.facts import chi_square, kolmogorov_smirnov, total_variation, watched_facts
from sora.drift.permutations import assignments
from sora.drift.units import units
from sora.video.facts import VideoFacts

VALUES = st.lists(st.integers(0, 9), min_size=4, max_size=12)


@settings(max_examples=20)
@given(VALUES, VALUES)
def test_the_distance_is_that_of_scipy_ties_included(reference, window):
    dealt_out = units([""] * len(reference), [""] * len(window))
    dealt = assignments(dealt_out.count, len(window), seed=0)[:10]
    values = np.array([*reference, *window], float)
    found = kolmogorov_smirnov(values, dealt_out)(dealt)
    assert found == pytest.approx(
        [ks_2samp(values[~row], values[row], method="asymp").statistic for row in dealt]
    )


@settings(max_examples=20)
@given(VALUES, VALUES)
def test_chi_square_is_that_of_scipy(reference, window):
    values = np.array([*reference, *window]).astype(str)
    dealt_out = units([""] * len(reference), [""] * len(window))
    dealt = assignments(dealt_out.count, len(window), seed=0)[:10]
    names = np.unique(values)
    tables = [[[np.sum(values[side] == name) for name in names] for side in (~row, row)] for row in dealt]
    expected = [chi2_contingency(table, correction=False).statistic for table in tables]
    assert chi_square(values, dealt_out)(dealt) == pytest.approx(expected)


def test_a_large_group_weighs_as_much_as_a_single_video():
    values = np.array([1.0, 1, 1, 2, 1, 2])
    dealt_out = units(["a", "a", "a", ""], ["", ""])
    true = assignments(4, 2, seed=0)[:1]
    assert kolmogorov_smirnov(values, dealt_out)(true) == pytest.approx([0])
    assert chi_square(values.astype(str), dealt_out)(true) == pytest.approx([0])
    assert total_variation(values.astype(str), dealt_out) == pytest.approx(0)


def test_total_variation_is_what_would_have_to_change():
    values = np.array(["a", "a", "a", "b", "a", "c"])
    assert total_variation(values, units([""] * 4, [""] * 2)) == pytest.approx(0.5)


def test_watched_facts_are_numbers_and_text_with_the_bit_rate_of_whole_files():
    facts = asdict(VideoFacts(fps=25.0, duration_seconds=2.0, width=320, video_codec="h264", rotation=90))
    found = watched_facts(facts, 1000)
    assert (found["width"], found["rotation"], found["has_audio"]) == (320.0, "90", "False")
    assert found["bitrate_kbps"] == 4.0
    assert all(isinstance(value, float | str) for value in found.values())
    assert "bitrate_kbps" not in watched_facts(facts, None)
