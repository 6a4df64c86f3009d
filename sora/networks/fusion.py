"""Late fusion: which classifier speaks for each block, and how much each block counts.

All of it works on scores that classifiers gave for videos they had not seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

_RIDGE = (
    0.003  # a weight has to earn this much log loss; with 200 videos it costs an informative block nothing
)


@dataclass(frozen=True)
class Fusion:
    """The sum of ``weights[b] * scores[b][choices[b]]`` over blocks b are the logits.

    Attributes:
        choices: for each block the place of its classifier among the candidates.
        weights: for each block what its scores are multiplied by, not negative.
        shares: how much each block counts, in 0..1 with sum 1; unlike ``weights`` they do not depend on the
            scale of a block's scores.
    """

    choices: Mapping[str, int]
    weights: Mapping[str, float]
    shares: Mapping[str, float]

    def logits(self, scores: Mapping[str, np.ndarray]) -> np.ndarray:
        """Fuse scores (K candidates, N, C) of each block into logits (N, C)."""
        return np.sum([w * scores[b][self.choices[b]] for b, w in self.weights.items()], axis=0)


@dataclass(frozen=True)
class InnerFigures:
    """What validation inside the training split found.

    Attributes:
        accuracy: share of videos with the right label, or of right decisions about a video and a label.
        log_loss: mean cross-entropy in nats, per video, or per video and label.
    """

    accuracy: float
    log_loss: float


def inner_figures(
    scores: Mapping[str, np.ndarray],
    targets: np.ndarray,
    ways: Sequence[Sequence[str]],
    folds: np.ndarray,
    *,
    several_labels: bool,
) -> InnerFigures:
    """Judge a fusion on folds, int (N,), whose labels took no part in how they were fused.

    So the figures are not flattered by the choices. The arguments are otherwise those of ``fitted_fusion``.
    """
    logits = np.empty(targets.shape)
    for fold in range(folds.max() + 1):
        held = folds == fold
        seen = {block: each[:, ~held] for block, each in scores.items()}
        fusion = fitted_fusion(seen, targets[~held], ways, several_labels=several_labels)
        logits[held] = fusion.logits({block: each[:, held] for block, each in scores.items()})
    hit = (logits > 0) == (targets > 0) if several_labels else logits.argmax(1) == targets.argmax(1)
    return InnerFigures(float(hit.mean()), log_loss(logits, targets, several_labels=several_labels))


def fitted_fusion(
    scores: Mapping[str, np.ndarray],
    targets: np.ndarray,
    ways: Sequence[Sequence[str]],
    *,
    several_labels: bool,
) -> Fusion:
    """Choose the candidate of each block, then the weights of the blocks of each way, then the best way.

    All by log loss. Candidates are compared at their best scale, since an SVM's scores have none. A weighted
    sum of logits does what one of log-probabilities would: they differ by a number that is the same for all
    classes of a video, and a softmax does not see it.

    Args:
        scores: for each block float64 (K candidates, N, C), out of fold.
        targets: float64 (N, C) of 0 and 1.
        ways: sets of blocks that may be fused.
        several_labels: whether the logits are of sigmoids, not of one softmax.
    """
    chosen = {
        block: _best_candidate(scores[block], targets, several_labels)
        for block in dict.fromkeys(block for way in ways for block in way)
    }
    fusions = [_weighted(way, chosen, scores, targets, several_labels) for way in ways]
    losses = [log_loss(fusion.logits(scores), targets, several_labels=several_labels) for fusion in fusions]
    return fusions[int(np.argmin(losses))]


def _best_candidate(scores: np.ndarray, targets: np.ndarray, several_labels: bool) -> tuple[int, float]:
    """Give the place of the best of the candidates, scores (K, N, C), and its scale."""
    scales = [float(fitted_weights(s[None], targets, several_labels=several_labels)[0]) for s in scores]
    losses = [
        log_loss(scale * each, targets, several_labels=several_labels)
        for scale, each in zip(scales, scores, strict=True)
    ]
    best = int(np.argmin(losses))
    return best, scales[best]


def _weighted(
    way: Sequence[str],
    chosen: Mapping[str, tuple[int, float]],
    scores: Mapping[str, np.ndarray],
    targets: np.ndarray,
    several_labels: bool,
) -> Fusion:
    logits = np.stack([chosen[block][1] * scores[block][chosen[block][0]] for block in way])
    weights = fitted_weights(logits, targets, several_labels=several_labels)
    # Where nothing tells the labels apart, all blocks count the same.
    shares = weights / weights.sum() if weights.any() else np.full(len(weights), 1 / len(weights))
    return Fusion(
        {block: chosen[block][0] for block in way},
        {block: chosen[block][1] * float(weight) for block, weight in zip(way, weights, strict=True)},
        {block: float(share) for block, share in zip(way, shares, strict=True)},
    )


def fitted_weights(logits: np.ndarray, targets: np.ndarray, *, several_labels: bool) -> np.ndarray:
    """Give the weights (B,), none negative, with which logits (B, N, C) add up to the least log loss.

    A convex problem with a small ridge; L-BFGS-B finds exact zeros.
    """
    from scipy.optimize import minimize

    def objective(weights: np.ndarray) -> tuple[float, np.ndarray]:
        fused = np.tensordot(weights, logits, axes=1)
        wrong = probabilities_of(fused, several_labels=several_labels) - targets
        num_terms = targets.size if several_labels else len(targets)
        gradient = np.tensordot(logits, wrong, axes=2) / num_terms
        loss = log_loss(fused, targets, several_labels=several_labels)
        return loss + _RIDGE * float(weights @ weights), gradient + 2 * _RIDGE * weights

    start = np.full(len(logits), 1 / len(logits))
    return minimize(objective, start, method="L-BFGS-B", jac=True, bounds=[(0, None)] * len(logits)).x


def probabilities_of(logits: np.ndarray, *, several_labels: bool) -> np.ndarray:
    """Apply a softmax over the last axis, or a sigmoid to each number."""
    from scipy.special import expit, softmax

    return expit(logits) if several_labels else softmax(logits, axis=-1)


def log_loss(logits: np.ndarray, targets: np.ndarray, *, several_labels: bool) -> float:
    """Give the mean cross-entropy in nats of logits (N, C): per video, or per video and label."""
    from scipy.special import log_softmax

    if several_labels:
        return float(np.mean(np.logaddexp(0, logits) - targets * logits))
    return float(-np.sum(targets * log_softmax(logits, axis=-1)) / len(targets))
