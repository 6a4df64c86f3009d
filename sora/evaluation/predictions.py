"""What a model says of the videos that it is measured on, as a table; several labels are joined by ``;``."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sora.decision import decided_labels
from sora.errors import SoraError
from sora.manifest import LABEL_SEPARATOR, labels_in, probability_column


def predicted_labels(probabilities: np.ndarray, labels: Sequence[str], *, several_labels: bool) -> list[str]:
    """Return the decision on each video, for probabilities float (N, C), as a column ``label`` has it."""
    return [
        LABEL_SEPARATOR.join(decided_labels(row, labels, several_labels=several_labels))
        for row in probabilities
    ]


def prediction_table(
    videos: pd.DataFrame,
    labels: Sequence[str],
    probabilities: np.ndarray,
    decimals: int,
    *,
    several_labels: bool,
) -> pd.DataFrame:
    """Return path, label, predicted and a probability per label, for probabilities float (N, C)."""
    predicted = predicted_labels(probabilities, labels, several_labels=several_labels)
    table = pd.DataFrame({"path": videos["path"], "label": videos["label"], "predicted": predicted})
    for column, label in enumerate(labels):
        table[probability_column(label)] = probabilities[:, column].astype(float).round(decimals)
    return table


def require_answerable(videos: pd.DataFrame, labels: Sequence[str], *, several_labels: bool) -> None:
    """Raise SoraError where a model can never give the labels of a video; columns path and label."""
    for path, joined in zip(videos["path"], videos["label"], strict=True):
        found = labels_in(joined)
        unknown = sorted(set(found) - set(labels))
        if unknown:
            raise SoraError(
                f"{path}: test videos have the label {unknown[0]!r} that no training video has; add "
                f"training videos of it, or leave these out"
            )
        if len(found) > 1 and not several_labels:
            raise SoraError(
                f"{path}: has the labels {joined}, and no training video has more than one, so that the "
                f"model gives one label a video; add such training videos, or give this one label"
            )


def prediction_rows(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of a stored ``prediction_table`` with ``probabilities`` as a mapping by label."""
    prefix = probability_column("")
    rows = []
    for record in records:
        probabilities = {k.removeprefix(prefix): v for k, v in record.items() if k.startswith(prefix)}
        kept = {name: record[name] for name in ("path", "label", "predicted")}
        rows.append({**kept, "probabilities": probabilities})
    return rows
