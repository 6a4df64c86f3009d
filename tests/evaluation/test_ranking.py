import numpy as np
import pytest
from hypothesis import given, settings
from random_answers import Answers, one_label, several_labels
from sklearn import metrics as sklearn_metrics
from sklearn.preprocessing import MultiLabelBinarizer

from sora.evaluation.ranking import label_areas, ranking_curves, ranking_metrics

LABELS = ["run", "walk", "wave"]


def test_areas_are_those_counted_by_hand_and_a_label_without_videos_has_none():
    probabilities = np.array([[0.9, 0.1, 0], [0.4, 0.6, 0], [0.6, 0.4, 0]])
    rows = label_areas(["run", "run", "walk"], probabilities, LABELS)
    # run: of both pairs with the walk, one is ranked rightly; ranks 1 and 3 have precisions 1 and 2/3
    assert rows[0] == {"label": "run", "roc_auc": 0.5, "average_precision": pytest.approx(5 / 6)}
    assert rows[1]["roc_auc"] == 0.5
    assert rows[2] == {"label": "wave", "roc_auc": None, "average_precision": None}
    found = ranking_metrics(["run", "run", "walk"], probabilities, LABELS, several_labels=False)
    assert found == {
        "macro_roc_auc": 0.5,
        "macro_average_precision": pytest.approx((5 / 6 + 1 / 2) / 2),
    }
    nothing = ranking_metrics(["run"], probabilities[:1], LABELS, several_labels=False)
    assert nothing == {"macro_roc_auc": None, "macro_average_precision": None}


@settings(max_examples=60, deadline=None)
@given(one_label())
def test_one_label_a_video_is_ranked_as_scikit_learn_does(answers: Answers):
    found = ranking_metrics(*answers, several_labels=False)
    indicators = np.eye(len(answers.labels))[answers.places]
    assert_areas(found, indicators, answers.probabilities)
    assert ("top_3_accuracy" in found) == (len(answers.labels) > 3)
    if len(answers.labels) > 3:
        expected = sklearn_metrics.top_k_accuracy_score(
            answers.places, answers.probabilities, k=3, labels=range(len(answers.labels))
        )
        assert found["top_3_accuracy"] == pytest.approx(expected)


@settings(max_examples=60, deadline=None)
@given(several_labels())
def test_several_labels_a_video_are_ranked_as_scikit_learn_does(answers: Answers):
    named = [[name for name in joined.split(";") if name] for joined in answers.true]
    indicators = MultiLabelBinarizer(classes=answers.labels).fit_transform(named)
    assert_areas(ranking_metrics(*answers, several_labels=True), indicators, answers.probabilities)


def assert_areas(found, indicators, probabilities):
    has_both = (indicators.min(axis=0) == 0) & (indicators.max(axis=0) == 1)
    assert (found["macro_roc_auc"] is None) == (not has_both.any())
    if has_both.any():
        kept = indicators[:, has_both], probabilities[:, has_both]
        area = sklearn_metrics.roc_auc_score(*kept, average="macro")
        assert found["macro_roc_auc"] == pytest.approx(area)
        precision = sklearn_metrics.average_precision_score(*kept, average="macro")
        assert found["macro_average_precision"] == pytest.approx(precision)


def test_a_thinned_curve_keeps_its_ends_and_its_area():
    rng = np.random.default_rng(0)
    true = np.array(["a", "b"])[rng.integers(0, 2, 5000)]
    of_b = np.clip(0.5 + 0.2 * rng.normal(size=5000) + 0.15 * ((true == "b") - 0.5), 0, 1)
    probabilities = np.stack([1 - of_b, of_b], axis=1)
    curves = ranking_curves(list(true), probabilities, ["a", "b"])
    (_, area) = label_areas(list(true), probabilities, ["a", "b"])
    roc = curves["roc"]["b"]
    x, y = roc["false_positive_rate"], roc["true_positive_rate"]
    assert 150 < len(x) == len(y) <= 200
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(y, x) == pytest.approx(area["roc_auc"], abs=0.002)
    recall, precision = curves["precision_recall"]["b"].values()
    assert len(recall) == len(precision) <= 200
    assert (recall[0], precision[0], recall[-1]) == (0, 1, 1)
    assert recall == sorted(recall)
    thinned = np.sum(np.diff(recall) * precision[1:])
    assert thinned == pytest.approx(area["average_precision"], abs=0.01)


def test_labels_without_an_area_have_no_curve_and_many_labels_have_short_ones():
    probabilities = np.random.default_rng(0).dirichlet(np.ones(500), size=1500)
    labels = [f"label{i}" for i in range(500)]
    curves = ranking_curves([labels[i % 400] for i in range(1500)], probabilities, labels)
    assert list(curves["roc"]) == list(curves["precision_recall"]) == labels[:400]
    assert max(len(curve["recall"]) for curve in curves["precision_recall"].values()) <= 40


@pytest.mark.parametrize(
    ("true", "shape", "message"),
    [
        ([], (0, 3), "at least 1 video"),
        (["run"], (1, 2), r"shape \(1, 3\) expected"),
        (["swim"], (1, 3), r"also \['swim'\] came"),
    ],
)
def test_inconsistent_input_is_refused(true, shape, message):
    with pytest.raises(ValueError, match=message):
        label_areas(true, np.zeros(shape), LABELS)
