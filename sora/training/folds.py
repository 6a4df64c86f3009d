"""Folds for validation inside the training split: the videos of one group are never on both sides."""

import hashlib
from collections.abc import Sequence

import numpy as np

from sora.errors import SoraError


def group_folds(
    groups: Sequence[str],
    targets: np.ndarray,
    labels: Sequence[str],
    *,
    several_labels: bool,
    num_folds: int,
    seed: int,
) -> np.ndarray:
    """Give the fold in which each row is held out, int64 (N,) in 0..K-1.

    Each label is spread over the folds as evenly as its groups allow, the rarest label first (iterative
    stratification: Sechidis et al., 2011). K is ``num_folds``, or the number of groups if that is less.
    Whatever fold is left out, every label stays in the others, and with several labels a video also rows
    without it. The same set of rows gives the same folds in any order.

    Args:
        groups: the group of each row; all the views of a video, and all videos of a source, share one.
        targets: (N, C), 1 where the row has the label, else 0.
        labels: the C names, for messages.
        several_labels: whether a row may have several labels, or none.
        num_folds: at least 2.
        seed: another seed deals the groups out anew.

    Raises:
        SoraError: a label has (or lacks) fewer than two groups, or cannot be spread over two folds.
    """
    kinds = [f"label {label!r}" for label in labels]
    if several_labels:
        targets = np.concatenate([targets, 1 - targets], axis=1)
        kinds += [f"absence of label {label!r}" for label in labels]
    names = sorted(set(groups), key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest())
    place = {name: i for i, name in enumerate(names)}
    rows = np.array([place[group] for group in groups])
    held = np.zeros((len(names), len(kinds)), bool)
    np.logical_or.at(held, rows, targets > 0)
    _require_two(held, kinds)
    folds = _dealt(held, np.bincount(rows), min(num_folds, len(names)))
    _require_all_kinds_elsewhere(held, folds, kinds)
    return folds[rows]


def _dealt(held: np.ndarray, sizes: np.ndarray, num_folds: int) -> np.ndarray:
    """Give each group's fold; ``held`` says which kinds (G, K) it has, ``sizes`` how many rows (G,)."""
    folds = np.full(len(held), -1)
    num_held = np.zeros((num_folds, held.shape[1]), int)
    num_rows = np.zeros(num_folds, int)
    for kind in np.argsort(held.sum(axis=0), kind="stable"):
        for group in np.flatnonzero(held[:, kind] & (folds < 0)):
            fold = np.lexsort((num_rows, num_held[:, kind]))[0]
            folds[group] = fold
            num_held[fold] += held[group]
            num_rows[fold] += sizes[group]
    return folds


def _require_two(held: np.ndarray, kinds: Sequence[str]) -> None:
    for kind, num_groups in zip(kinds, held.sum(axis=0), strict=True):
        if num_groups < 2:
            raise SoraError(
                f"{kind}: expected training videos of at least 2 groups, got {num_groups}; "
                "add videos of another source, or leave the label out"
            )


def _require_all_kinds_elsewhere(held: np.ndarray, folds: np.ndarray, kinds: Sequence[str]) -> None:
    for fold in range(folds.max() + 1):
        present = held[folds != fold].any(axis=0)
        if not present.all():
            raise SoraError(
                f"{kinds[int(present.argmin())]}: its groups cannot be spread over two folds, for "
                "they are those of rarer labels; add videos of another group"
            )
