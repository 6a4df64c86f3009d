"""What a training gives, and what it is given: targets of labels."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from sora.errors import SoraError
from sora.manifest import labels_in
from sora.training.calibration import Calibration

if TYPE_CHECKING:
    import keras

    from sora.frames.spec import InputSpec
    from sora.training.linear_fit import LinearChoices

Row: TypeAlias = dict[str, Any]
OnEpoch: TypeAlias = Callable[[Row], None]


@dataclass(frozen=True)
class OwnBackbone:
    """A network of images that was trained too, and what its input is."""

    network: "keras.Model"
    spec: "InputSpec"


@dataclass(frozen=True)
class Fitted:
    """What a fit gives.

    Attributes:
        model: the classifier, calibrated.
        history: one row per epoch; the head ``linear`` has one.
        inner: accuracy and loss on videos of the training split that were held out, and how they were found.
        calibration: the temperature of ``model``.
        num_parameters: of the classifier, and of the backbone where that was trained too.
        backbone: where it was trained too.
        without_val: ``model`` fitted to the videos of train alone, to be judged on those of val; None where
            ``model`` is that itself, or there are none.
        choices: of the head ``linear``, for updates to come.
    """

    model: "keras.Model"
    history: list[Row]
    inner: dict[str, Any]
    calibration: Calibration
    num_parameters: int
    backbone: OwnBackbone | None = None
    without_val: "keras.Model | None" = None
    choices: "LinearChoices | None" = None


def targets(joined: Iterable[str], labels: list[str]) -> np.ndarray:
    """Return a 1 for each label of each video, float32 (N, C), in the order of ``labels``."""
    rows = [[float(label in labels_in(video)) for label in labels] for video in joined]
    return np.array(rows, np.float32).reshape(-1, len(labels))


def best_validation(history: list[Row]) -> dict[str, Any]:
    """Return the ``inner`` of a training that watched the validation split."""
    rows = [row for row in history if row["val_loss"] is not None]
    if not rows:
        return {"found_by": "nothing, for there are no validation videos"}
    best = min(rows, key=lambda row: row["val_loss"])
    return {
        "found_by": "the validation split",
        "accuracy": best["val_accuracy"],
        "loss": best["val_loss"],
        "epoch": best["epoch"],
    }


def require_all_labels(videos: pd.DataFrame, labels: list[str]) -> None:
    """Raise SoraError where a label has nothing to learn from, or where there is only one."""
    if len(labels) < 2:
        raise SoraError(f"only the label {labels[0]!r} has training videos; at least two labels are needed")
    for label in labels:
        of_label = videos[[label in labels_in(joined) for joined in videos["label"]]]
        if "train" not in set(of_label["split"]):
            raise SoraError(
                f"label {label!r} has no training video: its {len(of_label)} are all in val; at least 1 is "
                f"needed in train, so 3 groups of videos for train, val and test; add videos or lower "
                f"ingest.val_share"
            )
