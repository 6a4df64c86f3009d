"""Videos as rows for linear classifiers, and what classifiers say of rows they have not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sora.training.linear_blocks import (
    Ranges,
    fitted_block,
    pooled_over_time,
    require_numbers,
    require_ranges,
    span,
)
from sora.training.linear_classifiers import Candidate, fit_weights


@dataclass(frozen=True)
class Rows:
    """Training rows in an order of their own: what all the steps of a fit work on.

    Attributes:
        order: int (N,), the place of each row among those that were given.
        pooled: float32 (N, 2 * F).
        targets: float64 (N, C).
        folds: int (N,).
        blocks: ranges of the F columns.
        several_labels: whether a row may have several labels.
    """

    order: np.ndarray
    pooled: np.ndarray
    targets: np.ndarray
    folds: np.ndarray
    blocks: Mapping[str, Ranges]
    several_labels: bool

    def but(self, left_out: np.ndarray) -> "Rows":
        """Return the rows without those left out: bool (N,), in the order in which they were given."""
        kept = ~left_out[self.order]
        arrays = {name: getattr(self, name)[kept] for name in ("order", "pooled", "targets", "folds")}
        return replace(self, **arrays)


def rows_of(
    features: np.ndarray,
    targets: np.ndarray,
    groups: Sequence[str],
    *,
    blocks: Mapping[str, Ranges],
    several_labels: bool,
    folds: np.ndarray,
) -> Rows:
    """Pool the features and sort the rows by what they hold, for sums of floats depend on their order.

    ``folds`` int (N,) says in which one each row is held out.
    """
    require_ranges(blocks, features.shape[2])
    require_numbers(features)
    pooled = pooled_over_time(features)
    order = sorted(range(len(pooled)), key=lambda i: (groups[i], targets[i].tolist(), pooled[i].tobytes()))
    return Rows(
        np.array(order),
        pooled[order],
        targets[order].astype(np.float64),
        folds[order],
        blocks,
        several_labels,
    )


def out_of_fold_scores(
    rows: Rows, sources: Mapping[str, Sequence[str]], tried: Sequence[Candidate]
) -> dict[str, np.ndarray]:
    """Give for each source scores (K candidates, N, C) by classifiers that had not seen the row's fold."""
    scores = {name: np.empty((len(tried), *rows.targets.shape)) for name in sources}
    for fold in range(rows.folds.max() + 1):
        held = rows.folds == fold
        products = _products(rows, ~held)
        for name, members in sources.items():
            product = concatenated(products, members)
            x = product @ span(product[~held])
            for k, candidate in enumerate(tried):
                weights = fit_weights(candidate, x[~held], rows.targets[~held], rows.several_labels)
                scores[name][k, held] = x[held] @ weights.kernel + weights.bias
    return scores


def _products(rows: Rows, seen: np.ndarray) -> dict[str, np.ndarray]:
    """Give inner products (N, n) of all rows with the seen ones, standardised on those, for each block."""
    products = {}
    for name, ranges in rows.blocks.items():
        x = fitted_block(rows.pooled[seen], ranges).standardised(rows.pooled)
        products[name] = x @ x[seen].T
    return products


def concatenated(products: Mapping[str, np.ndarray], members: Sequence[str]) -> np.ndarray:
    """Give the products of rows with all members side by side, each over the root of their number."""
    return np.mean([products[member] for member in members], axis=0)
