import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import COMPRESSION

from sora.compression.plot import frontier, pareto_plot

COSTS_AND_GAINS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1)


def test_the_frontier_is_what_no_other_beats():
    assert frontier([(3, 0.9), (1, 0.8), (2, 0.7), (4, 0.9), (5, 0.95)]) == [1, 0, 4]


@given(COSTS_AND_GAINS)
def test_all_others_are_beaten_or_equalled_by_the_frontier(points):
    line = [points[place] for place in frontier(points)]
    assert line == sorted(set(line))
    assert all(any(cost <= point[0] and gain >= point[1] for cost, gain in line) for point in points)


@pytest.mark.parametrize("edge", ["litert-float16", "litert-float32"])
def test_candidates_are_named_and_what_is_served_is_told(edge):
    image = pareto_plot({**COMPRESSION, "edge": {**COMPRESSION["edge"], "chosen": edge}}, "svg").decode()
    assert all(f"<!-- {row['name']}" in image for row in COMPRESSION["candidates"])
    told = "(here and edge)" if edge == COMPRESSION["chosen"] else "(edge)"
    assert image.count(f"{edge} {told}") == 2  # a panel for time, one for size
