import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import EXPLANATION, ROBUSTNESS

from sora.report.charts import BOTTOM, LEFT, RIGHT, TOP, Series, x_place, y_place
from sora.report.curves import explanation_charts, robustness_charts

SHARES = st.floats(0, 1)


@given(SHARES, st.floats(-1, 2))
def test_every_point_lies_on_the_chart(position, value):
    assert LEFT <= x_place(position) <= RIGHT
    assert TOP <= y_place(value) <= BOTTOM


@given(SHARES, SHARES)
def test_more_lies_higher(one, other):
    assert (y_place(one) <= y_place(other)) or one < other


def test_a_series_is_a_line_and_a_band_there_and_back():
    series = Series("accuracy", (0, 1), (0, 1), lows=(0, 0.5), highs=(0.5, 1))
    assert series.line == f"{LEFT},{BOTTOM} {RIGHT},{TOP}"
    middle = (TOP + BOTTOM) / 2
    assert series.band == f"{LEFT},{middle:g} {RIGHT},{TOP} {RIGHT},{middle:g} {LEFT},{BOTTOM}"
    assert Series("no interval", (0, 1), (0, 1)).band == ""


def test_robustness_starts_with_the_clean_videos():
    noise, blur = robustness_charts(ROBUSTNESS, chance=0.25)
    guess, measured = blur.series
    assert [text for _, text in blur.x_ticks] == ["clean", "1", "4"]
    assert list(measured.values) == [0.6, 0.5, 0.3]
    assert list(measured.lows) == pytest.approx([0.4, 0.4, 0.2])
    assert list(guess.values) == [0.25, 0.25]
    assert noise.title == "Noise"
    assert (
        blur.description.replace("\N{NO-BREAK SPACE}", " ")
        == "Accuracy by blur; clean: 60 %, 1: 50 %, 4: 30 %"
    )
    assert robustness_charts({"num_videos": 0, "conditions": []}, 0.25) == []


def test_explanations_are_checked_by_regions_and_by_moments():
    drawn = explanation_charts(EXPLANATION)
    assert [chart.title for chart in drawn] == [
        *("Hiding regions", "Showing regions", "Hiding moments", "Showing moments")
    ]
    at_random, marked = drawn[0].series
    assert (list(at_random.values), list(marked.values)) == ([0.9, 0.6, 0.1], [0.9, 0.3, 0.1])
    assert "area 0.31 for what the explanation marks, 0.52 at random" in drawn[0].description
    assert len(explanation_charts({**EXPLANATION, "frames": None})) == 2
