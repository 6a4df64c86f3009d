"""The fit of linear classifiers of whole videos: one for each block of features, fused late.

With a few hundred videos nothing that bends is more accurate. Everything is fitted in the span of the
training videos, so that thousands of columns cost what some hundred would.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sora.training.folds import group_folds
from sora.training.fusion import (
    Fusion,
    FusionName,
    InnerFigures,
    fitted_fusion,
    fusion_sources,
    fusion_ways,
    inner_figures,
)
from sora.training.linear import LinearClassifier
from sora.training.linear_blocks import (
    DualWeights,
    Ranges,
    fitted_block,
    pooled_over_time,
    primal_weights,
    principal_components,
    require_numbers,
    require_ranges,
    span,
)
from sora.training.linear_classifiers import Candidate, candidates, fit_weights


@dataclass(frozen=True)
class LinearPlan:
    """How ``fit_linear`` chooses.

    Attributes:
        classifiers: the kinds to choose from for each block: logistic, lda, svm.
        strengths: the inverse penalties to choose from, for logistic and svm.
        fusion: ``late`` weighs the logits of a classifier per block, ``concatenate`` gives one classifier all
            blocks side by side, ``auto`` takes what has the lower inner log loss.
        num_folds: how often the training videos are parted for inner validation.
        seed: of the folds.
    """

    classifiers: tuple[str, ...] = ("logistic", "lda", "svm")
    strengths: tuple[float, ...] = (1.0, 10.0, 100.0, 1000.0)
    fusion: FusionName = "late"
    num_folds: int = 5
    seed: int = 0


@dataclass(frozen=True)
class FitReport:
    """What was found and chosen; a concatenation goes by the names of its blocks joined by ``+``.

    Attributes:
        fused: of the whole recipe, its choices and weights included.
        blocks: of each block alone, and of the concatenation where it was tried.
        chosen: the kind and strength of the classifier of each block that is used.
        shares: how much each block that is used counts, with sum 1.
    """

    fused: InnerFigures
    blocks: dict[str, InnerFigures]
    chosen: dict[str, Candidate]
    shares: dict[str, float]


@dataclass(frozen=True)
class _Rows:
    """Training rows in an order of their own: what all the steps of a fit work on.

    Attributes:
        pooled: float32 (N, 2 * F).
        targets: float64 (N, C).
        folds: int (N,).
        blocks: ranges of the F columns.
        several_labels: whether a row may have several labels.
    """

    pooled: np.ndarray
    targets: np.ndarray
    folds: np.ndarray
    blocks: Mapping[str, Ranges]
    several_labels: bool


def fit_linear(
    features: np.ndarray,
    targets: np.ndarray,
    groups: Sequence[str],
    *,
    blocks: Mapping[str, Ranges],
    labels: Sequence[str],
    several_labels: bool,
    embedding_size: int,
    plan: LinearPlan,
) -> tuple[LinearClassifier, FitReport]:
    """Choose classifiers and weights by inner validation, then fit them to all rows.

    The same set of rows gives the same classifier in any order. All work is done on one thread.

    Args:
        features: float32 (N, T, F) of training videos, as stored; views of a video are further rows.
        targets: (N, C), 1 where the video has the label, else 0.
        groups: the group of each row; the rows of a group are never on both sides of a validation.
        blocks: the columns of each block, as ranges within 0..F; a column may be in several.
        labels: the C names, for messages.
        several_labels: whether a video may have several labels, or none.
        embedding_size: E, at least 1; beyond the number of rows an embedding has zeros.
        plan: what to choose from.

    Raises:
        SoraError: a feature is not a number, the groups do not suffice (``group_folds``), or the plan names
            no such classifier.
    """
    from threadpoolctl import threadpool_limits

    tried = candidates(plan.classifiers, plan.strengths)
    sources = fusion_sources(tuple(blocks), plan.fusion)
    ways = fusion_ways(tuple(blocks), plan.fusion)
    with threadpool_limits(1):
        rows = _rows(
            features,
            targets,
            groups,
            blocks=blocks,
            labels=labels,
            several_labels=several_labels,
            plan=plan,
        )
        scores = _out_of_fold_scores(rows, sources, tried)
        fusion = fitted_fusion(scores, rows.targets, ways, several_labels=several_labels)
        classifier = _fitted(rows, sources, fusion, tried, embedding_size)
        return classifier, _report(rows, scores, ways, fusion, tried)


def _rows(
    features: np.ndarray,
    targets: np.ndarray,
    groups: Sequence[str],
    *,
    blocks: Mapping[str, Ranges],
    labels: Sequence[str],
    several_labels: bool,
    plan: LinearPlan,
) -> _Rows:
    """Pool the features and sort the rows by what they hold, for sums of floats depend on their order."""
    require_ranges(blocks, features.shape[2])
    require_numbers(features)
    pooled = pooled_over_time(features)
    order = sorted(range(len(pooled)), key=lambda i: (groups[i], targets[i].tolist(), pooled[i].tobytes()))
    folds = group_folds(
        groups, targets, labels, several_labels=several_labels, num_folds=plan.num_folds, seed=plan.seed
    )
    return _Rows(pooled[order], targets[order].astype(np.float64), folds[order], blocks, several_labels)


def _out_of_fold_scores(
    rows: _Rows, sources: Mapping[str, Sequence[str]], tried: Sequence[Candidate]
) -> dict[str, np.ndarray]:
    """Give for each source scores (K candidates, N, C) by classifiers that had not seen the row's fold."""
    scores = {name: np.empty((len(tried), *rows.targets.shape)) for name in sources}
    for fold in range(rows.folds.max() + 1):
        held = rows.folds == fold
        products = _products(rows, ~held)
        for name, members in sources.items():
            product = _concatenated(products, members)
            x = product @ span(product[~held])
            for k, candidate in enumerate(tried):
                weights = fit_weights(candidate, x[~held], rows.targets[~held], rows.several_labels)
                scores[name][k, held] = x[held] @ weights.kernel + weights.bias
    return scores


def _products(rows: _Rows, seen: np.ndarray) -> dict[str, np.ndarray]:
    """Give inner products (N, n) of all rows with the seen ones, standardised on those, for each block."""
    products = {}
    for name, ranges in rows.blocks.items():
        x = fitted_block(rows.pooled[seen], ranges).standardised(rows.pooled)
        products[name] = x @ x[seen].T
    return products


def _concatenated(products: Mapping[str, np.ndarray], members: Sequence[str]) -> np.ndarray:
    """Give the products of rows with all members side by side, each over the root of their number."""
    return np.mean([products[member] for member in members], axis=0)


def _fitted(
    rows: _Rows,
    sources: Mapping[str, Sequence[str]],
    fusion: Fusion,
    tried: Sequence[Candidate],
    embedding_size: int,
) -> LinearClassifier:
    """Fit what the fusion chose to all rows; blocks without a share are left out."""
    used = {name: sources[name] for name, share in fusion.shares.items() if share > 0}
    shares = {member: fusion.shares[name] / len(used[name]) for name in used for member in used[name]}
    blocks = {member: fitted_block(rows.pooled, rows.blocks[member]) for member in shares}
    x = {member: block.standardised(rows.pooled) for member, block in blocks.items()}
    products = {member: each @ each.T for member, each in x.items()}
    return LinearClassifier(
        blocks=tuple(blocks.values()),
        logits=primal_weights(x, _fused_weights(rows, used, fusion, tried, products)),
        embedding=primal_weights(x, principal_components(products, shares, embedding_size)),
        several_labels=rows.several_labels,
    )


def _fused_weights(
    rows: _Rows,
    used: Mapping[str, Sequence[str]],
    fusion: Fusion,
    tried: Sequence[Candidate],
    products: Mapping[str, np.ndarray],
) -> DualWeights:
    coefficients, bias = {}, np.zeros(rows.targets.shape[1])
    for name, members in used.items():
        product = _concatenated(products, members)
        basis = span(product)
        weights = fit_weights(tried[fusion.choices[name]], product @ basis, rows.targets, rows.several_labels)
        bias += fusion.weights[name] * weights.bias
        for member in members:
            coefficients[member] = fusion.weights[name] / len(members) * (basis @ weights.kernel)
    return DualWeights(coefficients, bias)


def _report(
    rows: _Rows,
    scores: Mapping[str, np.ndarray],
    ways: Sequence[Sequence[str]],
    fusion: Fusion,
    tried: Sequence[Candidate],
) -> FitReport:
    def figures(ways: Sequence[Sequence[str]]) -> InnerFigures:
        return inner_figures(scores, rows.targets, ways, rows.folds, several_labels=rows.several_labels)

    return FitReport(
        fused=figures(ways),
        blocks={name: figures([(name,)]) for name in scores},
        chosen={name: tried[k] for name, k in fusion.choices.items()},
        shares=dict(fusion.shares),
    )
