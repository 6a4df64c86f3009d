import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sora.training.calibration import calibration
from sora.training.fusion import probabilities_of
from sora.training.measures import logit_loss


def answers(num_groups, sharpness, several_labels, seed=0, num_labels=4):
    """Give logits that are ``sharpness`` times the true ones, and what is true; 4 videos a group."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (4 * num_groups, num_labels))
    probabilities = probabilities_of(logits, several_labels=several_labels)
    drawn = rng.random((len(logits), num_labels if several_labels else 1))
    if several_labels:
        targets = (drawn < probabilities).astype(float)
    else:
        chosen = (drawn > probabilities.cumsum(axis=1)[:, :-1]).sum(axis=1)
        targets = np.eye(num_labels)[chosen]
    return sharpness * logits, targets, [str(i // 4) for i in range(len(logits))]


def found(logits, targets, groups, several_labels=False):
    return calibration(logits, targets, groups, several_labels=several_labels, videos="validation videos")


@pytest.mark.parametrize("several_labels", [False, True])
@pytest.mark.parametrize("sharpness", [0.4, 3.0])
def test_the_temperature_undoes_what_made_the_model_too_sure_or_not_sure_enough(sharpness, several_labels):
    logits, targets, groups = answers(200, sharpness, several_labels)
    result = found(logits, targets, groups, several_labels)
    assert result.temperature == pytest.approx(sharpness, rel=0.12)
    assert result.log_loss_before == pytest.approx(logit_loss(logits, targets, several_labels=several_labels))
    assert result.log_loss_after < result.log_loss_before
    assert result.reason == "fitted on validation videos"


def test_noise_is_left_alone():
    """A model that needs no temperature hardly ever gets one."""
    results = [found(*answers(12, 1.0, several_labels=False, seed=seed)) for seed in range(100)]
    assert np.mean([result.temperature == 1 for result in results]) >= 0.9
    untouched = next(result for result in results if result.temperature == 1)
    assert untouched.log_loss_before == untouched.log_loss_after
    assert untouched.reason == "not needed: on validation videos no other is better by more than chance"


def test_videos_that_are_all_right_do_not_make_the_model_certain():
    logits = np.tile(np.eye(3), (10, 1)) + np.random.default_rng(0).normal(0, 0.01, (30, 3))
    result = found(logits, np.tile(np.eye(3), (10, 1)), [str(i) for i in range(30)])
    probabilities = probabilities_of(logits / result.temperature, several_labels=False)
    assert 0.95 < probabilities.max(axis=1).mean() < 0.98  # 31 of 32


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.05, 20), st.booleans(), st.integers(1, 12))
def test_any_videos_give_a_finite_temperature(seed, sharpness, several_labels, num_groups):
    result = found(*answers(num_groups, sharpness, several_labels, seed), several_labels)
    assert 0.05 <= result.temperature <= 20
    assert np.isfinite([result.log_loss_before, result.log_loss_after]).all()


def test_without_videos_or_with_one_group_it_stays_1():
    nothing = found(np.empty((0, 3)), np.empty((0, 3)), [])
    assert (nothing.temperature, nothing.log_loss_before) == (1, None)
    assert nothing.reason == "not fitted: there are no validation videos"
    logits, targets, _ = answers(10, 5.0, several_labels=False)
    assert found(logits, targets, ["a"] * 40).temperature == 1
