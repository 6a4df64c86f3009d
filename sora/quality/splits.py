"""Splits that cannot leak: whole groups go to one side."""

import hashlib
import math

import pandas as pd


def assign_splits(videos: pd.DataFrame, seed: int, test_share: float, val_share: float) -> list[str]:
    """Return ``train``, ``val`` or ``test`` for each row of ``videos`` (columns label and group).

    Groups are ranked by a hash of (seed, group), so that order in the table plays no part. In that order a
    group goes to test, then val, while one of its labels still lacks groups there; each label keeps at
    least one group in train.
    """
    groups_of = _groups_by_label(videos)
    test = _take(groups_of, seed, {label: _quota(len(g), test_share, 1) for label, g in groups_of.items()})
    rest = {label: groups - test for label, groups in groups_of.items()}
    val = _take(rest, seed, {label: _quota(len(g), val_share, 0) for label, g in rest.items()})
    return ["test" if g in test else "val" if g in val else "train" for g in videos["group"]]


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
    return {str(label): set(rows["group"]) for label, rows in videos.groupby("label")}


def _quota(num_groups: int, share: float, least: int) -> int:
    if share == 0:
        return 0
    return min(max(least, math.floor(num_groups * share + 0.5)), num_groups - 1)


def _take(groups_of: dict[str, set[str]], seed: int, quota: dict[str, int]) -> set[str]:
    labels_of: dict[str, list[str]] = {}
    for label, groups in groups_of.items():
        for group in groups:
            labels_of.setdefault(group, []).append(label)
    taken: set[str] = set()
    left = {label: len(groups) for label, groups in groups_of.items()}
    for group in sorted(labels_of, key=lambda name: _rank(seed, name)):
        labels = labels_of[group]
        if any(quota[label] > 0 for label in labels) and all(left[label] > 1 for label in labels):
            taken.add(group)
            for label in labels:
                quota[label] -= 1
                left[label] -= 1
    return taken


def _rank(seed: int, group: str) -> str:
    return hashlib.sha256(f"{seed}\n{group}".encode()).hexdigest()
