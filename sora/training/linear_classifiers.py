"""Linear classifiers of a few coordinates: logistic regression, linear discriminants, linear SVM."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from sora.errors import SoraError

_MAX_ITERATIONS = 5000
_MIN_RELATIVE_SPREAD = 1e-6
_MIN_SPREAD = 1e-12


class Candidate(NamedTuple):
    """A kind of classifier and the strength of its fit: the inverse of the penalty; 0 where it has none."""

    kind: str
    strength: float


class Weights(NamedTuple):
    """``x @ kernel + bias`` are the scores: kernel float64 (R, C), bias float64 (C,)."""

    kernel: np.ndarray
    bias: np.ndarray


def candidates(kinds: Sequence[str], strengths: Sequence[float]) -> tuple[Candidate, ...]:
    """Pair kinds with strengths; linear discriminants set their own shrinkage.

    Raises:
        SoraError: there is no such kind, or nothing to choose from.
    """
    for kind in kinds:
        if kind not in _FITS:
            raise SoraError(f"classifiers: expected some of {', '.join(_FITS)}, got {kind!r}")
    found = tuple(Candidate(k, s) for k in kinds for s in ((0.0,) if k == "lda" else strengths))
    if not found:
        raise SoraError("classifiers: expected at least one, with one strength, got none")
    return found


def fit_weights(candidate: Candidate, x: np.ndarray, targets: np.ndarray, several_labels: bool) -> Weights:
    """Fit one classifier on coordinates x (n, R) and targets (n, C) of 0 and 1.

    With one label a row the scores are logits of a softmax, but not of its scale for an SVM. With several
    labels each is a problem of its own, and its score the logit of a sigmoid.
    """
    fit = _FITS[candidate.kind]
    if not several_labels:
        return fit(x, targets.argmax(axis=1), candidate.strength)
    each = [fit(x, target.astype(int), candidate.strength) for target in targets.T]
    kernels, biases = zip(*each, strict=True)
    return Weights(
        np.stack([kernel[:, 1] - kernel[:, 0] for kernel in kernels], axis=1),
        np.array([bias[1] - bias[0] for bias in biases]),
    )


def _logistic(x: np.ndarray, classes: np.ndarray, strength: float) -> Weights:
    from sklearn.linear_model import LogisticRegression

    return _fitted(LogisticRegression(C=strength, max_iter=_MAX_ITERATIONS), x, classes)


def _svm(x: np.ndarray, classes: np.ndarray, strength: float) -> Weights:
    from sklearn.svm import LinearSVC

    # The primal solver draws no random numbers.
    return _fitted(LinearSVC(C=strength, dual=False, max_iter=_MAX_ITERATIONS), x, classes)


def _fitted(model: Any, x: np.ndarray, classes: np.ndarray) -> Weights:
    with warnings.catch_warnings():
        # scikit-learn takes many labels of few videos for a regression that was meant.
        warnings.filterwarnings("ignore", "The number of unique classes is greater than 50%")
        model.fit(x, classes)
    return _column_per_class(model.coef_, model.intercept_)


def _column_per_class(rows: np.ndarray, bias: np.ndarray) -> Weights:
    """Write scikit-learn's single row for two classes as two, whose difference it is."""
    if len(rows) > 1:
        return Weights(rows.T, bias)
    return Weights(np.stack([-rows[0], rows[0]], axis=1) / 2, np.array([-bias[0], bias[0]]) / 2)


def _lda(x: np.ndarray, classes: np.ndarray, _: float) -> Weights:
    """Gaussian classes of one covariance, shrunk towards a sphere (Ledoit & Wolf, 2004).

    scikit-learn's shrinks each axis towards its own variance, so that its answer turns with the coordinates.
    """
    from sklearn.covariance import ledoit_wolf_shrinkage

    counts = np.bincount(classes)
    means = np.stack([x[classes == i].mean(axis=0) for i in range(len(counts))])
    within = x - means[classes]
    share = ledoit_wolf_shrinkage(within, assume_centered=True)
    covariance = (1 - share) * within.T @ within / len(x)
    # The other terms count where no class spreads, as with one row each, and where all rows are 0.
    sphere = share * np.square(within).mean() + _MIN_RELATIVE_SPREAD * np.square(x).mean() + _MIN_SPREAD
    covariance[np.diag_indices_from(covariance)] += sphere
    kernel = np.linalg.solve(covariance, means.T)
    bias = np.log(counts / len(x)) - (means.T * kernel).sum(axis=0) / 2
    return Weights(kernel, bias)


_FITS: dict[str, Callable[[np.ndarray, np.ndarray, float], Weights]] = {
    "logistic": _logistic,
    "lda": _lda,
    "svm": _svm,
}
