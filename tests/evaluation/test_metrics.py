import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from sora.evaluation.metrics import (
    accuracy_interval,
    classification_metrics,
    confusion_matrix,
    per_class_table,
)

LABELS = ["run", "walk", "wave"]
TRUE = ["run", "run", "run", "walk", "walk", "wave"]
PREDICTED = ["run", "run", "walk", "walk", "run", "walk"]


def test_metrics_are_those_computed_by_hand():
    result = classification_metrics(TRUE, PREDICTED, ["a", "a", "b", "b", "c", "c"], LABELS)
    # run: 2 of 3 predicted, 2 of 3 found; walk: 1 of 3 predicted, 1 of 2 found; wave: never predicted
    assert result["accuracy"] == pytest.approx(3 / 6)
    assert result["macro_precision"] == pytest.approx((2 / 3 + 1 / 3 + 0) / 3)
    assert result["macro_recall"] == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert result["macro_f1"] == pytest.approx((2 / 3 + 2 / 5 + 0) / 3)
    assert result["num_test_videos"] == 6
    # group accuracies 1, 0.5, 0: mean 0.5, standard error 0.5 / sqrt(3), t(0.975, 2) = 4.303: clipped
    assert (result["accuracy_interval_low"], result["accuracy_interval_high"]) == (0, 1)
    assert result["accuracy_interval_method"] == "t interval over 3 groups"


def test_per_class_rows_and_the_matrix_follow_the_order_of_labels():
    assert per_class_table(TRUE, PREDICTED, LABELS)[1] == {
        "label": "walk",
        "precision": pytest.approx(1 / 3),
        "recall": 0.5,
        "f1": pytest.approx(0.4),
        "num_videos": 2,
    }
    assert confusion_matrix(TRUE, PREDICTED, LABELS).tolist() == [[2, 1, 0], [1, 1, 0], [0, 1, 0]]


def test_of_several_labels_all_must_be_right_and_each_counts_on_its_own():
    true = ["run;walk", "run", "walk;wave", "wave"]
    predicted = ["run;walk", "run;walk", "walk", "run"]
    result = classification_metrics(true, predicted, list("abcd"), LABELS, several_labels=True)
    # run: 2 of 3 named, 2 of 2 found; walk: 2 of 3 named, 2 of 2 found; wave: never named
    assert result["kind"] == "several_labels"
    assert result["accuracy"] == 1 / 4
    assert result["macro_precision"] == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    assert result["macro_recall"] == pytest.approx((1 + 1 + 0) / 3)
    assert [row["num_videos"] for row in per_class_table(true, predicted, LABELS)] == [2, 2, 2]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=30))
def test_with_one_label_a_video_the_scores_are_those_of_classes(videos):
    true, predicted = (list(names) for names in zip(*videos, strict=True))
    result = classification_metrics(true, predicted, ["a"] * len(true), LABELS)
    assert result["kind"] == "one_label"
    assert result["accuracy"] == pytest.approx(accuracy_score(true, predicted))
    assert result["macro_f1"] == pytest.approx(
        f1_score(true, predicted, labels=LABELS, average="macro", zero_division=0)
    )


def test_t_interval_over_few_equal_groups_is_that_of_their_accuracies():
    correct = np.array([1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1], bool)  # 1, 0.75, 0.75, 1
    low, high, method = accuracy_interval(correct, list("aaaabbbbccccdddd"))
    reach = 3.182446 * np.std([1, 0.75, 0.75, 1], ddof=1) / 2
    assert low == pytest.approx(0.875 - reach, abs=1e-6)
    assert high == 1.0  # clipped from 1.105
    assert method == "t interval over 4 groups"


def test_bootstrap_takes_whole_groups():
    # 100 groups of one video, 80 right: the binomial's 2.5 % and 97.5 % quantiles are 0.72 and 0.87
    correct = np.arange(100) < 80
    low, high, method = accuracy_interval(correct, [str(number) for number in range(100)])
    assert (low, high) == (pytest.approx(0.72, abs=0.011), pytest.approx(0.87, abs=0.011))
    assert method == "percentile bootstrap over 100 groups"
    # ten copies of each video add no information
    again = accuracy_interval(
        np.repeat(correct, 10), [str(number) for number in range(100) for _ in range(10)]
    )
    assert again == (low, high, method)


def test_no_mistake_is_not_certainty():
    low, high, method = accuracy_interval(np.ones(40, bool), [str(number // 2) for number in range(40)])
    assert (low, high) == (pytest.approx(0.025 ** (1 / 20)), 1)  # 0.83
    assert method == "exact (Clopper-Pearson) over 20 groups"
    assert accuracy_interval(np.zeros(4, bool), list("abcd"))[:2] == (0, pytest.approx(1 - 0.025**0.25))
    assert accuracy_interval(np.ones(3, bool), ["a", "a", "a"])[:2] == (0, 1)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 14)), min_size=1, max_size=60))
def test_the_interval_holds_the_accuracy_within_bounds(videos):
    correct = np.array([right for right, _ in videos])
    low, high, _ = accuracy_interval(correct, [str(group) for _, group in videos])
    assert 0 <= low <= correct.mean() + 1e-12
    assert correct.mean() - 1e-12 <= high <= 1


@pytest.mark.parametrize(
    ("true", "predicted", "groups", "message"),
    [
        ([], [], [], "at least 1: 0, 0 and 0 came"),
        (["run"], ["run", "walk"], ["a"], "1, 2 and 1 came"),
        (["run"], ["swim"], ["a"], r"also \['swim'\] came"),
    ],
)
def test_inconsistent_input_is_refused(true, predicted, groups, message):
    with pytest.raises(ValueError, match=message):
        classification_metrics(true, predicted, groups, LABELS)
