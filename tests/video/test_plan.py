import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sora.video.plan import Run, plan_runs


def runs(packet: list[int], start: list[int]) -> list[Run]:
    return plan_runs(np.array(packet, np.int64), np.array(start, np.int64))


def test_a_far_key_frame_is_jumped_to_and_a_near_one_is_not():
    assert runs([3, 25, 41], [0, 20, 40]) == [
        Run(0, 3, frozenset({3})),
        Run(20, 25, frozenset({25})),
        Run(40, 41, frozenset({41})),
    ]
    assert runs([8, 12], [0, 10]) == [Run(0, 12, frozenset({8, 12}))]


def test_an_earlier_start_for_a_later_packet_joins_what_lies_between():
    assert runs([20, 22], [20, 10]) == [Run(10, 22, frozenset({20, 22}))]
    assert runs([5, 20, 22], [0, 20, 0]) == [Run(0, 22, frozenset({5, 20, 22}))]
    assert runs([], []) == []


@given(
    st.integers(1, 60).flatmap(lambda gap: st.tuples(st.just(gap), st.sets(st.integers(0, 500), min_size=1)))
)
def test_runs_hold_every_wanted_packet_from_its_start_and_stay_apart(drawn: tuple[int, set[int]]):
    gap, wanted = drawn
    packet = sorted(wanted)
    found = runs(packet, [p // gap * gap for p in packet])
    assert sorted(p for run in found for p in run.wanted) == packet
    for run in found:
        assert run.last == max(run.wanted)
        assert all(run.first <= p // gap * gap for p in run.wanted)
    assert all(a.last < b.first for a, b in itertools.pairwise(found))
