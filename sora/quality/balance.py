"""How evenly the labels are filled."""

import pandas as pd

from sora.manifest import by_label
from sora.quality.findings import Finding

BALANCED = "balanced_classes"


def groups_per_label(manifest: pd.DataFrame) -> dict[str, int]:
    """Return the number of different groups of each label, in the order of labels.

    A label needs at least as many groups as there are splits.
    """
    counts = by_label(manifest).groupby("label", sort=True)["group"].nunique()
    return {str(label): int(count) for label, count in counts.items()}


def videos_per_label(videos: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return label to split to number of videos, in order; columns label and split."""
    rows = by_label(videos)
    counts = pd.crosstab(rows["label"], rows["split"])
    return {str(label): {str(s): int(n) for s, n in row.items()} for label, row in counts.iterrows()}


def balance_findings(counts: dict[str, dict[str, int]], max_ratio: float) -> list[Finding]:
    """Return a finding where the largest label has more than ``max_ratio`` times as many as the smallest."""
    totals = {label: sum(by_split.values()) for label, by_split in counts.items()}
    if not totals:
        return []
    largest, smallest = max(totals, key=totals.__getitem__), min(totals, key=totals.__getitem__)
    if totals[largest] <= max_ratio * totals[smallest]:
        return []
    reason = (
        f"label {largest} has {totals[largest]} videos and {smallest} has {totals[smallest]}, at most "
        f"{max_ratio:g} times as many expected"
    )
    return [Finding(BALANCED, reason)]
