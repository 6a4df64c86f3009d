"""The fit of linear classifiers of whole videos: one for each block of features, fused late.

With a few hundred videos nothing that bends is more accurate. Everything is fitted in the span of the
training videos, so that thousands of columns cost what some hundred would.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sora.training.folds import group_folds
from sora.training.fusion import (
    Fusion,
    InnerFigures,
    figures_of,
    fitted_fusion,
    fusion_sources,
    fusion_ways,
    inner_figures,
    out_of_fold_logits,
)
from sora.training.linear import LinearClassifier
from sora.training.linear_blocks import (
    DualWeights,
    Ranges,
    fitted_block,
    primal_weights,
    principal_components,
    span,
)
from sora.training.linear_classifiers import Candidate, candidates, fit_weights
from sora.training.linear_rows import Rows, concatenated, out_of_fold_scores, rows_of
from sora.training.spec import LinearSpec


@dataclass(frozen=True)
class LinearChoices:
    """What a fit chose; a concatenation goes by the names of its blocks joined by ``+``.

    Attributes:
        chosen: the kind and strength of the classifier of each block that is used.
        weights: what its scores are multiplied by.
        shares: how much each block that is used counts, with sum 1.
    """

    chosen: dict[str, Candidate]
    weights: dict[str, float]
    shares: dict[str, float]


@dataclass(frozen=True)
class FitReport(LinearChoices):
    """What was found and chosen.

    Attributes:
        fused: of the whole recipe, its choices and weights included.
        blocks: of each block alone, and of the concatenation where it was tried.
    """

    fused: InnerFigures
    blocks: dict[str, InnerFigures]


class LinearFit(NamedTuple):
    """What ``fit_linear`` gives.

    Attributes:
        classifier: fitted to all rows.
        report: what was found and chosen.
        inner_logits: float64 (N, C), of each row by classifiers, choices and weights that had not seen it.
        held_back: with the same choices and weights, fitted without the rows of ``hold_back``; None where
            there are none.
    """

    classifier: LinearClassifier
    report: FitReport
    inner_logits: np.ndarray
    held_back: LinearClassifier | None


def fit_linear(
    features: np.ndarray,
    targets: np.ndarray,
    groups: Sequence[str],
    *,
    blocks: Mapping[str, Ranges],
    labels: Sequence[str],
    several_labels: bool,
    embedding_size: int,
    plan: LinearSpec,
    seed: int,
    hold_back: np.ndarray | None = None,
) -> LinearFit:
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
        seed: of the folds.
        hold_back: bool (N,), rows that a second classifier is not fitted to, to be judged on them.

    Raises:
        SoraError: a feature is not a number, the groups do not suffice (``group_folds``), or the plan names
            no such classifier.
    """
    from threadpoolctl import threadpool_limits

    tried = candidates(plan.classifiers, plan.strengths)
    sources = fusion_sources(tuple(blocks), plan.fusion)
    ways = fusion_ways(tuple(blocks), plan.fusion)
    with threadpool_limits(1):
        folds = group_folds(
            groups, targets, labels, several_labels=several_labels, num_folds=plan.num_folds, seed=seed
        )
        rows = rows_of(features, targets, groups, blocks=blocks, several_labels=several_labels, folds=folds)
        scores = out_of_fold_scores(rows, sources, tried)
        fusion = fitted_fusion(scores, rows.targets, ways, several_labels=several_labels)
        classifier = _fitted(rows, sources, fusion, tried, embedding_size)
        logits = out_of_fold_logits(scores, rows.targets, ways, rows.folds, several_labels=several_labels)
        inner_logits = np.empty_like(logits)
        inner_logits[rows.order] = logits
        held_back = None
        if hold_back is not None and hold_back.any():
            held_back = _fitted(rows.but(hold_back), sources, fusion, tried, embedding_size)
        return LinearFit(classifier, _report(rows, scores, logits, fusion, tried), inner_logits, held_back)


def refit_linear(
    features: np.ndarray,
    targets: np.ndarray,
    groups: Sequence[str],
    *,
    blocks: Mapping[str, Ranges],
    several_labels: bool,
    embedding_size: int,
    choices: LinearChoices,
) -> LinearClassifier:
    """Fit what an earlier fit chose to these rows, without a search; the arguments are those of that.

    Nothing is held out, so a label may have a single group.
    """
    from threadpoolctl import threadpool_limits

    names = list(choices.chosen)
    sources = {name: tuple(name.split("+")) for name in names}
    fusion = Fusion({name: k for k, name in enumerate(names)}, choices.weights, choices.shares)
    folds = np.zeros(len(features), int)
    with threadpool_limits(1):
        rows = rows_of(features, targets, groups, blocks=blocks, several_labels=several_labels, folds=folds)
        return _fitted(rows, sources, fusion, list(choices.chosen.values()), embedding_size)


def _fitted(
    rows: Rows,
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
    rows: Rows,
    used: Mapping[str, Sequence[str]],
    fusion: Fusion,
    tried: Sequence[Candidate],
    products: Mapping[str, np.ndarray],
) -> DualWeights:
    coefficients, bias = {}, np.zeros(rows.targets.shape[1])
    for name, members in used.items():
        product = concatenated(products, members)
        basis = span(product)
        weights = fit_weights(tried[fusion.choices[name]], product @ basis, rows.targets, rows.several_labels)
        bias += fusion.weights[name] * weights.bias
        for member in members:
            coefficients[member] = fusion.weights[name] / len(members) * (basis @ weights.kernel)
    return DualWeights(coefficients, bias)


def _report(
    rows: Rows,
    scores: Mapping[str, np.ndarray],
    logits: np.ndarray,
    fusion: Fusion,
    tried: Sequence[Candidate],
) -> FitReport:
    several_labels = rows.several_labels
    return FitReport(
        chosen={name: tried[k] for name, k in fusion.choices.items()},
        weights=dict(fusion.weights),
        shares=dict(fusion.shares),
        fused=figures_of(logits, rows.targets, several_labels=several_labels),
        blocks={
            name: inner_figures(scores, rows.targets, [(name,)], rows.folds, several_labels=several_labels)
            for name in scores
        },
    )
