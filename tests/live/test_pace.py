import random
from fractions import Fraction
from itertools import islice

import pytest
from live_fakes import FakeClock

from sora.live.pace import FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS, Pace, waits


def test_ten_minutes_of_frames_come_when_they_are_due_however_long_each_takes():
    clock, rng = FakeClock(), random.Random(0)
    pace, start = Pace(clock), clock.now()
    for number in range(18_000):
        due = float(number * Fraction(1001, 30_000))
        pace.wait_for(due)
        assert clock.now() - start == pytest.approx(due, abs=1e-6)
        clock.seconds += rng.uniform(0, 0.03)


def test_a_late_frame_is_let_through_at_once_and_makes_none_late_after_it():
    clock = FakeClock()
    pace = Pace(clock)
    pace.wait_for(2.0)
    assert clock.waited == []  # the first is due at once, whatever its time
    clock.seconds += 1.0
    pace.wait_for(2.5)
    assert clock.waited == []
    pace.wait_for(3.5)
    assert clock.waited == [pytest.approx(0.5)]


def test_tries_come_ever_more_seldom_up_to_a_limit_and_never_in_step():
    one, other = (list(islice(waits(random.Random(seed)), 12)) for seed in (1, 2))
    for number, seconds in enumerate(one):
        longest = min(FIRST_WAIT_SECONDS * 2**number, LONGEST_WAIT_SECONDS)
        assert longest / 2 <= seconds <= longest
    assert not set(one) & set(other)
