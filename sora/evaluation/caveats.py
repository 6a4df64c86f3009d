"""What a reader of the numbers must know, in plain words."""

from collections.abc import Mapping, Sequence
from typing import Any

from sora.evaluation.intervals import MIN_GROUPS_FOR_BOOTSTRAP

MIN_VIDEOS_FOR_CALIBRATION = 100


def caveats(groups: Sequence[str], areas: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return sentences about test videos of these groups; ``areas`` are rows of ``ranking.label_areas``."""
    num_videos, num_groups = len(groups), len(set(groups))
    without = [row["label"] for row in areas if row["roc_auc"] is None]
    found = []
    if num_groups == 1:
        found.append(
            "All test videos are of one group, which says nothing about videos of others; add groups."
        )
    elif num_groups < MIN_GROUPS_FOR_BOOTSTRAP:
        found.append(
            f"The test videos are of {num_groups} groups only: the interval of the accuracy is a t interval, "
            f"wide and approximate; from {MIN_GROUPS_FOR_BOOTSTRAP} groups up it is bootstrapped."
        )
    if without:
        found.append(
            f"No test video, or every one, has the label {', '.join(without)}: there is no ROC area and no "
            "average precision, and the means are over the other labels."
        )
    if num_videos < MIN_VIDEOS_FOR_CALIBRATION:
        found.append(
            f"With {num_videos} test videos the calibration error is mostly chance, and tends to be too high."
        )
    return found
