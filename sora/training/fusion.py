"""Late fusion: which classifier speaks for each block, and how much each block counts.

All of it works on scores that classifiers gave for videos they had not seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from sora.training.measures import logit_loss

FusionName: TypeAlias = Literal["late", "concatenate", "auto"]

# The inner log loss on real clips is lowest, and flat, from 0.005 to 0.02; without a ridge it is far higher.
_RIDGE = 0.005
_MIN_SPREAD = 1e-6  # of scores; less is rounding
_MIN_SHARE = 1e-3  # a block that counts less is not worth its columns


def fusion_sources(blocks: tuple[str, ...], fusion: FusionName) -> dict[str, tuple[str, ...]]:
    """Name all that a classifier is fitted to: blocks, and their concatenation where it is asked for."""
    sources: dict[str, tuple[str, ...]] = {block: (block,) for block in blocks}
    return sources if fusion == "late" else {**sources, "+".join(blocks): blocks}


def fusion_ways(blocks: tuple[str, ...], fusion: FusionName) -> list[tuple[str, ...]]:
    """Give the sets of sources to be fused, of which ``fitted_fusion`` takes the best."""
    late, concatenated = blocks, ("+".join(blocks),)
    if fusion == "auto":
        return [late, concatenated]
    return [late] if fusion == "late" else [concatenated]


@dataclass(frozen=True)
class Fusion:
    """The sum of ``weights[b] * scores[b][choices[b]]`` over blocks b are the logits.

    Attributes:
        choices: for each block the place of its classifier among the candidates.
        weights: for each block what its scores are multiplied by, not negative.
        shares: the part of each block in how far the logits spread, in 0..1 with sum 1.
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
    """Judge a fusion by ``out_of_fold_logits``, whose arguments it takes."""
    logits = out_of_fold_logits(scores, targets, ways, folds, several_labels=several_labels)
    return figures_of(logits, targets, several_labels=several_labels)


def figures_of(logits: np.ndarray, targets: np.ndarray, *, several_labels: bool) -> InnerFigures:
    """Compare logits and targets, both (N, C)."""
    hit = (logits > 0) == (targets > 0) if several_labels else logits.argmax(1) == targets.argmax(1)
    return InnerFigures(float(hit.mean()), logit_loss(logits, targets, several_labels=several_labels))


def out_of_fold_logits(
    scores: Mapping[str, np.ndarray],
    targets: np.ndarray,
    ways: Sequence[Sequence[str]],
    folds: np.ndarray,
    *,
    several_labels: bool,
) -> np.ndarray:
    """Fuse each of the folds, int (N,), as the others would have it: logits float64 (N, C).

    The labels of a fold take no part in how it is fused, so that the choices do not flatter. The arguments
    are otherwise those of ``fitted_fusion``.
    """
    logits = np.empty(targets.shape)
    for fold in range(folds.max() + 1):
        held = folds == fold
        seen = {block: each[:, ~held] for block, each in scores.items()}
        fusion = fitted_fusion(seen, targets[~held], ways, several_labels=several_labels)
        logits[held] = fusion.logits({block: each[:, held] for block, each in scores.items()})
    return logits


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
    choices = {
        name: _best_candidate(scores[name], targets, several_labels)
        for name in dict.fromkeys(name for way in ways for name in way)
    }
    chosen = {name: scores[name][choice] for name, choice in choices.items()}
    fusions = [
        _weighted({name: chosen[name] for name in way}, choices, targets, several_labels) for way in ways
    ]
    losses = [logit_loss(fusion.logits(scores), targets, several_labels=several_labels) for fusion in fusions]
    return fusions[int(np.argmin(losses))]


def _weighted(
    chosen: Mapping[str, np.ndarray], choices: Mapping[str, int], targets: np.ndarray, several_labels: bool
) -> Fusion:
    scores = np.stack(list(chosen.values()))
    weights = fitted_weights(scores, targets, several_labels=several_labels)
    parts = weights * _spreads(scores, several_labels)
    used = parts >= _MIN_SHARE * parts.sum()
    weights, parts = weights * used, parts * used
    # Where nothing tells the labels apart, all blocks count the same.
    shares = parts / parts.sum() if parts.any() else np.full(len(parts), 1 / len(parts))
    return Fusion(
        choices={name: choices[name] for name in chosen},
        weights=dict(zip(chosen, weights.tolist(), strict=True)),
        shares=dict(zip(chosen, shares.tolist(), strict=True)),
    )


def _best_candidate(scores: np.ndarray, targets: np.ndarray, several_labels: bool) -> int:
    """Give the place of the best of the candidates, scores (K, N, C)."""
    losses = []
    for each in scores:
        (weight,) = fitted_weights(each[None], targets, several_labels=several_labels)
        losses.append(logit_loss(weight * each, targets, several_labels=several_labels))
    return int(np.argmin(losses))


def fitted_weights(scores: np.ndarray, targets: np.ndarray, *, several_labels: bool) -> np.ndarray:
    """Give the weights (B,), none negative, with which scores (B, N, C) add up to logits of least log loss.

    A convex problem, with a ridge on how far the weighted scores spread: the scale of scores plays no part,
    and scores that part all videos rightly get no boundless weight.
    """
    from scipy.optimize import minimize

    spreads = np.maximum(_spreads(scores, several_labels), _MIN_SPREAD)
    scores = scores / spreads[:, None, None]
    num_terms = targets.size if several_labels else len(targets)

    def objective(weights: np.ndarray) -> tuple[float, np.ndarray]:
        logits = np.tensordot(weights, scores, axes=1)
        loss = logit_loss(logits, targets, several_labels=several_labels) + _RIDGE * float(weights @ weights)
        wrong = probabilities_of(logits, several_labels=several_labels) - targets
        return loss, np.tensordot(scores, wrong, axes=2) / num_terms + 2 * _RIDGE * weights

    start = np.full(len(scores), 1 / len(scores))
    bounds = [(0, None)] * len(scores)
    return minimize(objective, start, method="L-BFGS-B", jac=True, bounds=bounds).x / spreads


def _spreads(scores: np.ndarray, several_labels: bool) -> np.ndarray:
    """Give the root mean square (B,) of scores (B, N, C), of each video's from their mean for a softmax."""
    if not several_labels:
        scores = scores - scores.mean(axis=-1, keepdims=True)
    return np.sqrt(np.square(scores).mean(axis=(1, 2)))


def probabilities_of(logits: np.ndarray, *, several_labels: bool) -> np.ndarray:
    """Apply a softmax over the last axis, or a sigmoid to each number."""
    from scipy.special import expit, softmax

    return expit(logits) if several_labels else softmax(logits, axis=-1)
