import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from sora.evaluation.metrics import (
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
    # group accuracies 1, 0.5, 0: mean 0.5, standard error 0.5 / sqrt(3), t(0.975, 2) = 4.303
    assert result["accuracy_interval_low"] == pytest.approx(
        1 / (1 + np.exp(4.303 * 2 / np.sqrt(3))), rel=1e-3
    )
    assert result["accuracy_interval_high"] == pytest.approx(1 - result["accuracy_interval_low"])
    assert result["accuracy_interval_method"] == "t interval (logit scale) over 3 groups"


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
