"""Splits that cannot leak: whole groups go to one side.

Every assignment is a pure function of the seed, the groups and their labels. It does not depend on the order
of videos or on their number: a new video of a known group moves nothing. A new group may take the place of
another of its label, for each label keeps its share: with one label a group, at most two groups of it move.
"""

import hashlib
import math
from collections.abc import Collection

import pandas as pd

from sora.manifest import labels_in


def assign_splits(videos: pd.DataFrame, seed: int, test_share: float, val_share: float) -> list[str]:
    """Return ``train``, ``val`` or ``test`` for each row of ``videos`` (columns label and group).

    Groups are ranked by a hash of (seed, group). In that order a group goes to test, then val, while one of
    its labels still lacks groups there; each label keeps at least one group in train. A video with several
    labels counts for each of them.
    """
    groups_of = _groups_by_label(videos)
    test = _take(groups_of, seed, {label: _quota(len(g), test_share, 1) for label, g in groups_of.items()})
    splits = ["test" if group in test else "train" for group in videos["group"]]
    return carve_validation(videos, splits, seed, val_share)


def assign_fold(videos: pd.DataFrame, seed: int, num_folds: int, fold: int, val_share: float) -> list[str]:
    """Return the splits of one round of a cross-validation over groups, as ``assign_splits`` does.

    In the order of their ranks groups go to the fold that holds the fewest groups of their labels. ``fold``,
    counted from 0, is test; val is carved out of the others. A group that alone stands for a label outside
    of its fold is never tested: each label keeps at least one group in train.
    """
    groups_of = _groups_by_label(videos)
    fold_of = _folds(_labels_by_group(groups_of), seed, num_folds)
    among = {group for group, number in fold_of.items() if number == fold}
    test = _take(groups_of, seed, dict.fromkeys(groups_of, len(fold_of)), among)
    splits = ["test" if group in test else "train" for group in videos["group"]]
    return carve_validation(videos, splits, seed, val_share)


def carve_validation(videos: pd.DataFrame, splits: list[str], seed: int, val_share: float) -> list[str]:
    """Return ``splits`` with whole groups moved from train to val; rows that are not in train stay."""
    train = videos[[split == "train" for split in splits]]
    groups_of = _groups_by_label(train)
    val = _take(groups_of, seed, {label: _quota(len(g), val_share, 0) for label, g in groups_of.items()})
    return [
        "val" if split == "train" and group in val else split
        for split, group in zip(splits, videos["group"], strict=True)
    ]


def _groups_by_label(videos: pd.DataFrame) -> dict[str, set[str]]:
    groups_of: dict[str, set[str]] = {}
    for labels, group in zip(videos["label"], videos["group"], strict=True):
        for label in labels_in(labels):
            groups_of.setdefault(label, set()).add(group)
    return groups_of


def _labels_by_group(groups_of: dict[str, set[str]]) -> dict[str, list[str]]:
    labels_of: dict[str, list[str]] = {}
    for label in sorted(groups_of):
        for group in groups_of[label]:
            labels_of.setdefault(group, []).append(label)
    return labels_of


def _quota(num_groups: int, share: float, least: int) -> int:
    if share == 0:
        return 0
    return min(max(least, math.floor(num_groups * share + 0.5)), num_groups - 1)


def _take(
    groups_of: dict[str, set[str]], seed: int, quota: dict[str, int], among: Collection[str] | None = None
) -> set[str]:
    """Return groups in the order of their ranks while a label of theirs is short of its quota.

    Each label keeps a group that is not taken; beyond its quota, where a group goes for the sake of another
    label, it keeps two, so that inner validation can hold one out. ``among`` limits what may be taken.
    """
    labels_of = _labels_by_group(groups_of)
    taken: set[str] = set()
    missing = dict(quota)
    left = {label: len(groups) for label, groups in groups_of.items()}
    for group in _ranked(labels_of if among is None else among, seed):
        labels = labels_of[group]
        is_short = {label: missing[label] > 0 for label in labels}
        if any(is_short.values()) and all(left[label] > (1 if is_short[label] else 2) for label in labels):
            taken.add(group)
            for label in labels:
                missing[label] -= 1
                left[label] -= 1
    return taken


def _folds(labels_of: dict[str, list[str]], seed: int, num_folds: int) -> dict[str, int]:
    size = [0] * num_folds
    size_of = {label: [0] * num_folds for labels in labels_of.values() for label in labels}
    fold_of: dict[str, int] = {}
    for group in _ranked(labels_of, seed):
        labels = labels_of[group]
        fold = min(range(num_folds), key=lambda n: (sum(size_of[label][n] for label in labels), size[n], n))
        fold_of[group] = fold
        size[fold] += 1
        for label in labels:
            size_of[label][fold] += 1
    return fold_of


def _ranked(groups: Collection[str], seed: int) -> list[str]:
    return sorted(groups, key=lambda group: hashlib.sha256(f"{seed}\n{group}".encode()).hexdigest())
