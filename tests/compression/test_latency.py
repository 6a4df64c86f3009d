import pytest

from sora.compression.latency import Durations, durations


def test_calls_are_timed_in_turn_after_one_to_warm_up(monkeypatch):
    moments = iter([0.0, 0.010, 1.0, 1.030, 2.0, 2.020, 3.0, 3.060])
    made = []
    monkeypatch.setattr("sora.compression.latency.time.perf_counter", lambda: next(moments))
    found = durations({"a": lambda: made.append("a"), "b": lambda: made.append("b")}, 2)
    assert made == list("ababab")
    assert found["a"].rounds_ms == pytest.approx((10, 20))
    assert found["b"].rounds_ms == pytest.approx((30, 60))


def test_median_and_what_one_of_twenty_is_above():
    found = Durations(tuple(range(1, 102)))
    assert (found.median_ms, found.p95_ms) == (51, 96)


def test_a_round_is_needed():
    with pytest.raises(ValueError, match="at least 1"):
        durations({"a": lambda: None}, 0)
