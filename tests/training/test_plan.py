from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_videos import COSINE

from sora.training.plan import best_epoch, learning_rate

CONSTANT, PLATEAU = replace(COSINE, kind="constant"), replace(COSINE, kind="plateau")


def test_the_rate_climbs_from_a_tenth_and_falls_along_a_cosine():
    plan = replace(COSINE, warmup_share=0.2)
    rates = [learning_rate(plan, 1.0, step, 10) for step in range(11)]
    assert rates[:3] == pytest.approx([0.1, 0.55, 1.0])
    assert rates[6] == pytest.approx(0.5)
    assert rates[10] == pytest.approx(0)


def test_a_constant_rate_stays_after_the_warm_up():
    assert [learning_rate(CONSTANT, 2.0, step, 100) for step in (5, 50, 99)] == [2.0, 2.0, 2.0]
    assert learning_rate(replace(CONSTANT, warmup_share=0), 2.0, 0, 100) == 2.0


@pytest.mark.parametrize(
    ("val_losses", "rate"),
    [([], 1), ([3, 2, 1], 1), ([3, 2, 2], 1), ([3, 2, 2, 2], 0.5), ([1, 2, 2, 0.5, 2], 0.5), ([1] * 5, 0.25)],
)
def test_each_plateau_halves_the_rate(val_losses, rate):
    assert learning_rate(PLATEAU, 1.0, 50, 100, val_losses) == rate


@given(st.sampled_from([COSINE, CONSTANT, PLATEAU]), st.integers(1, 500), st.data())
def test_rates_lie_between_nothing_and_the_highest(plan, num_steps, data):
    step = data.draw(st.integers(0, num_steps - 1))
    losses = data.draw(st.lists(st.floats(0, 10), max_size=10))
    assert 0 < learning_rate(plan, 0.3, step, num_steps, losses) <= 0.3


def test_the_best_epoch_is_the_first_of_the_lowest():
    assert best_epoch([3.0, 1.0, 2.0, 1.0]) == 1
