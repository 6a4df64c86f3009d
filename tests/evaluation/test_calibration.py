import numpy as np
import pytest
from hypothesis import given, settings
from random_answers import Answers, one_label, several_labels
from sklearn import metrics as sklearn_metrics
from sklearn.calibration import calibration_curve

from sora.evaluation.calibration import NUM_BINS, probability_metrics, reliability
from sora.training import measures

LABELS = ["run", "walk"]


def test_bins_and_scores_are_those_computed_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.92, 0.08], [0.4, 0.6]])
    true = ["run", "walk", "walk"]
    low, high = reliability(true, probabilities, LABELS, several_labels=False)
    assert (low["confidence_low"], low["confidence_high"]) == pytest.approx(
        (8 / 15, 9 / 15)
    )  # 0.6 is its end
    assert (low["mean_confidence"], low["accuracy"], low["num_videos"]) == (pytest.approx(0.6), 1, 1)
    assert (high["mean_confidence"], high["accuracy"], high["num_videos"]) == (pytest.approx(0.91), 0.5, 2)
    found = probability_metrics(true, probabilities, LABELS, several_labels=False)
    assert found["expected_calibration_error"] == pytest.approx((0.4 + 2 * 0.41) / 3)
    assert found["brier_score"] == pytest.approx((0.1**2 + 0.92**2 + 0.4**2) / 3)
    assert found["log_loss"] == pytest.approx(-np.log(0.9 * 0.08 * 0.6) / 3)


@settings(max_examples=60, deadline=None)
@given(one_label())
def test_one_label_a_video_is_scored_as_scikit_learn_does(answers: Answers):
    found = probability_metrics(*answers, several_labels=False)
    places, probabilities = answers.places, answers.probabilities
    known = {"labels": list(range(len(answers.labels)))}
    assert found["log_loss"] == pytest.approx(sklearn_metrics.log_loss(places, probabilities, **known))
    distance = np.square(probabilities - np.eye(len(answers.labels))[places]).sum(axis=1).mean()
    assert found["brier_score"] == pytest.approx(distance / 2, abs=1e-6)
    is_right = np.array(answers.predicted) == np.array(answers.true)
    assert_reliable(found, answers, is_right, probabilities.max(axis=1), several_labels=False)


@settings(max_examples=60, deadline=None)
@given(several_labels())
def test_several_labels_a_video_are_scored_answer_by_answer(answers: Answers):
    found = probability_metrics(*answers, several_labels=True)
    has = np.array([[name in joined.split(";") for name in answers.labels] for joined in answers.true])
    probabilities = answers.probabilities
    expected = sklearn_metrics.brier_score_loss(has.ravel(), probabilities.ravel(), labels=[False, True])
    assert found["brier_score"] == pytest.approx(expected, abs=1e-6)
    expected = measures.log_loss(probabilities, has.astype(float), several_labels=True)
    assert found["log_loss"] == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert_reliable(found, answers, has.ravel(), probabilities.ravel(), several_labels=True)


def assert_reliable(found, answers, is_right, confidence, *, several_labels):
    bins = reliability(*answers, several_labels=several_labels)
    accuracy, mean = calibration_curve(is_right, confidence, n_bins=NUM_BINS, pos_label=True)
    np.testing.assert_allclose([row["accuracy"] for row in bins], accuracy)
    np.testing.assert_allclose([row["mean_confidence"] for row in bins], mean, rtol=1e-5)
    sizes = np.array([row["num_videos"] for row in bins])
    assert sizes.sum() == len(confidence)
    expected = np.sum(sizes * np.abs(accuracy - mean)) / len(confidence)
    assert found["expected_calibration_error"] == pytest.approx(expected, abs=1e-6)


def test_probabilities_that_are_drawn_from_are_calibrated():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(4), size=20_000)
    drawn = (rng.random((20_000, 1)) > probabilities.cumsum(axis=1)[:, :-1]).sum(axis=1)
    labels = list("abcd")
    found = probability_metrics([labels[i] for i in drawn], probabilities, labels, several_labels=False)
    assert found["expected_calibration_error"] < 0.015
