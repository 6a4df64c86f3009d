import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from sora.evaluation.intervals import mean_interval

BOTH_SIDES = (-1.0, 1.0)


def test_t_interval_over_few_equal_groups_is_that_of_their_means_on_the_logit_scale():
    correct = np.array([1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1])  # 1, 0.75, 0.75, 1
    low, high, method = mean_interval(correct, list("aaaabbbbccccdddd"))
    reach = 3.182446 * np.std([1, 0.75, 0.75, 1], ddof=1) / 2 / (0.875 * 0.125)
    assert low == pytest.approx(expit(logit(0.875) - reach), abs=1e-6)
    assert high == pytest.approx(expit(logit(0.875) + reach), abs=1e-6)
    assert method == "t interval (logit scale) over 4 groups"


def test_bootstrap_takes_whole_groups():
    # 100 groups of one video, 80 right: Clopper and Pearson's exact interval is 0.708 to 0.873
    correct = np.arange(100) < 80
    low, high, method = mean_interval(correct, [str(number) for number in range(100)])
    assert (low, high) == (pytest.approx(0.708, abs=0.011), pytest.approx(0.873, abs=0.011))
    assert method == "BCa bootstrap over 100 groups"
    # ten copies of each video add no information
    again = mean_interval(np.repeat(correct, 10), [str(number) for number in range(100) for _ in range(10)])
    assert again == pytest.approx((low, high, method))


def test_groups_that_are_all_alike_are_not_certainty():
    low, high, method = mean_interval(np.ones(40), [str(number // 2) for number in range(40)])
    assert (low, high) == (pytest.approx(0.025 ** (1 / 20)), 1)  # 0.83
    assert method == "exact bound (Clopper-Pearson) over 20 groups"
    assert mean_interval(np.zeros(4), list("abcd"))[:2] == (0, pytest.approx(1 - 0.025**0.25))
    # two models that never differed: up to so many groups may
    share = 1 - 0.025**0.25
    assert mean_interval(np.zeros(4), list("abcd"), BOTH_SIDES)[:2] == pytest.approx((-share, share))


def test_one_group_says_nothing():
    assert mean_interval(np.ones(3), ["a", "a", "a"], BOTH_SIDES)[:2] == BOTH_SIDES


@pytest.mark.parametrize("num_groups", [7, 25])
@pytest.mark.parametrize(("accuracy", "correlation"), [(0.5, 0.2), (0.8, 0.3), (0.9, 0.2)])
def test_at_least_nine_of_ten_intervals_hold_the_true_accuracy(num_groups, accuracy, correlation):
    rng = np.random.default_rng(num_groups)
    odds = (1 - correlation) / correlation
    covered = []
    for _ in range(200):
        sizes = rng.geometric(0.25, size=num_groups)
        skills = rng.beta(accuracy * odds, (1 - accuracy) * odds, size=num_groups)
        groups = np.repeat(np.arange(num_groups), sizes)
        correct = rng.random(len(groups)) < skills[groups]
        low, high, _ = mean_interval(correct, [str(group) for group in groups])
        covered.append(low <= accuracy <= high)
    assert np.mean(covered) >= 0.9


@pytest.mark.parametrize("num_groups", [7, 25])
def test_at_least_nine_of_ten_intervals_hold_a_difference_of_models_that_mostly_agree(num_groups):
    rng = np.random.default_rng(num_groups)
    covered = []
    for _ in range(200):
        groups = np.repeat(np.arange(num_groups), rng.geometric(0.25, size=num_groups))
        better, worse = (rng.beta(5 * share, 5 * (1 - share), size=num_groups) for share in (0.2, 0.1))
        drawn = rng.random(len(groups))
        values = (drawn < better[groups] * 0.5).astype(float) - (drawn > 1 - worse[groups] * 0.5)
        low, high, _ = mean_interval(values, [str(group) for group in groups], BOTH_SIDES)
        covered.append(low <= 0.05 <= high)
    assert np.mean(covered) >= 0.9


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([-1, -0.5, 0, 1]), st.integers(0, 14)), min_size=1, max_size=60))
def test_the_interval_holds_the_mean_within_bounds_in_any_order(videos):
    values = np.array([value for value, _ in videos], float)
    groups = [str(group) for _, group in videos]
    low, high, _ = mean_interval(values, groups, BOTH_SIDES)
    assert -1 <= low <= values.mean() + 1e-12
    assert values.mean() - 1e-12 <= high <= 1
    turned = mean_interval(values[::-1], groups[::-1], BOTH_SIDES)
    assert turned[:2] == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize(
    ("values", "groups", "message"),
    [
        ([], [], r"shape \(0,\) and 0 groups came"),
        ([1, 0], ["a"], r"shape \(2,\) and 1 groups came"),
        ([1, 2], ["a", "b"], "from 0.0 to 1.0 expected"),
        ([1, np.nan], ["a", "b"], "from 0.0 to 1.0 expected"),
    ],
)
def test_inconsistent_values_are_refused(values, groups, message):
    with pytest.raises(ValueError, match=message):
        mean_interval(np.array(values, float), groups)
