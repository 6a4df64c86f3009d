import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from sora.errors import SoraError
from sora.training.linear_classifiers import Candidate, candidates, fit_weights

KINDS = ("logistic", "lda", "svm")


def points(num_classes, num_rows=60, seed=0):
    rng = np.random.default_rng(seed)
    classes = np.arange(num_rows) % num_classes
    x = rng.normal(size=(num_rows, 5))
    x[:, :num_classes] += 6 * np.eye(num_classes)[classes]
    return x, np.eye(num_classes)[classes]


def scores(kind, x, targets, several_labels=False):
    weights = fit_weights(Candidate(kind, 1.0), x, targets, several_labels)
    return x @ weights.kernel + weights.bias


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("num_classes", [2, 3])
def test_classes_apart_are_told_apart(kind, num_classes):
    x, targets = points(num_classes)
    found = scores(kind, x, targets)
    assert found.shape == targets.shape
    assert np.mean(found.argmax(axis=1) == targets.argmax(axis=1)) > 0.95


@pytest.mark.parametrize("kind", KINDS)
def test_each_of_several_labels_is_a_problem_of_its_own(kind):
    x, targets = points(3)
    targets[:, 1] = targets[:, 0]  # two labels that always come together
    found = scores(kind, x, targets, several_labels=True)
    np.testing.assert_allclose(found[:, 0], found[:, 1])
    assert np.mean((found > 0) == (targets > 0)) > 0.95


def test_logits_of_two_classes_are_those_of_the_regression():
    x, targets = points(2)
    model = LogisticRegression(C=1.0, max_iter=5000).fit(x, targets.argmax(axis=1))
    found = scores("logistic", x, targets)
    np.testing.assert_allclose(found[:, 1] - found[:, 0], model.decision_function(x), atol=1e-12)


def test_discriminants_do_not_depend_on_the_axes():
    x, targets = points(3)
    turned = x @ np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))[0]
    a, b = scores("lda", x, targets), scores("lda", turned, targets)
    np.testing.assert_allclose(a - a[:, :1], b - b[:, :1], atol=1e-8)


def test_discriminants_of_wide_data_with_one_row_a_class_are_finite():
    found = scores("lda", np.eye(3, 10), np.eye(3))
    assert np.isfinite(found).all()
    assert found.argmax(axis=1).tolist() == [0, 1, 2]


def test_candidates_are_kinds_times_strengths():
    assert candidates(("lda", "svm"), (1, 10)) == (("lda", 0), ("svm", 1), ("svm", 10))
    with pytest.raises(SoraError, match="expected some of logistic, lda, svm, got 'tree'"):
        candidates(("tree",), (1,))
    with pytest.raises(SoraError, match="at least one"):
        candidates(("svm",), ())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", KINDS)
def test_one_row_of_each_of_many_classes_is_enough(kind):
    x = np.random.default_rng(0).normal(size=(40, 60))
    found = scores(kind, x, np.eye(40))
    assert np.mean(found.argmax(axis=1) == np.arange(40)) > 0.9
