"""The model that an update starts from: what it is, and what it has learned."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from sora import layout
from sora.errors import SoraError
from sora.manifest import read_table
from sora.params import convert
from sora.training.linear_fit import LinearChoices
from sora.training.reservoir import Known

if TYPE_CHECKING:
    import keras

LEARNED_COLUMNS = ["key", "view", "label", "split"]
INSTEAD = "or train from nothing: sora update --off"


@dataclass(frozen=True)
class Parent:
    """A trained model from which an update starts.

    Attributes:
        model: the classifier, calibrated.
        without_val: the same fitted to the videos of train alone; None where ``model`` is that itself.
        labels: names, in the order of its probabilities.
        learned: columns key, view, label and split of each view of a video that it has learned.
        choices: of the head ``linear``; None for others.
    """

    model: "keras.Model"
    without_val: "keras.Model | None"
    labels: list[str]
    learned: pd.DataFrame
    choices: LinearChoices | None = None

    @property
    def judged(self) -> "keras.Model":
        """The one that has not learned from the videos of val."""
        return self.without_val or self.model

    @property
    def known(self) -> frozenset[Known]:
        """The videos with the labels under which they were learned."""
        return frozenset(known_videos(self.learned))


def read_parent(folder: Path) -> Parent:
    """Read a model that train wrote, from a copy of its folder.

    Raises:
        SoraError: a file is missing or damaged.
    """
    from sora.networks.model_files import load_model

    labels, learned, choices, without_val = (
        folder / path.relative_to(layout.TRAINED)
        for path in (
            layout.TRAINED_LABELS,
            layout.TRAINED_LEARNED,
            layout.TRAINED_CHOICES,
            layout.TRAINED_WITHOUT_VAL,
        )
    )
    for path in (labels, learned):
        if not path.is_file():
            raise SoraError(
                f"{path} is missing: train.update.parent must be a whole copy of {layout.TRAINED}; "
                f"run sora update again, {INSTEAD}"
            )
    return Parent(
        load_model(folder),
        load_model(without_val) if without_val.is_dir() else None,
        json.loads(labels.read_text(encoding="utf-8")),
        read_table(learned),
        _read_choices(choices) if choices.is_file() else None,
    )


def known_videos(videos: pd.DataFrame) -> list[Known]:
    """Return the rows of a table with the columns key and label."""
    return [Known(key, label) for key, label in zip(videos["key"], videos["label"], strict=True)]


def splits_of_update(videos: pd.DataFrame, parent: Parent) -> pd.Series:
    """Return the split of each video in an update: what the parent has learned in train stays there.

    New groups may take the places of others in val (``sora.quality.splits``): a video that has moved there
    from train cannot judge what comes of the parent.

    Args:
        videos: columns path, view, key and split, of all splits and views.
        parent: of the update.

    Raises:
        SoraError: what the parent has learned has gone, or is in test now.
    """
    learned = parent.learned
    gone = ~learned["key"].isin(videos["key"])
    if gone.all():
        raise SoraError(f"the parent knows no video as it is extracted now; extract as it was, {INSTEAD}")
    if num_gone := int(
        (gone & (learned["view"] == 0)).sum()
    ):  # a video that is in val now has no further views
        raise SoraError(
            f"the parent has learned {num_gone} video{'s' * (num_gone > 1)} not there any more, and nothing "
            "unlearns; train from nothing: sora update --off, or bring back what went by mistake"
        )
    moved = videos[videos["key"].isin(learned["key"]) & (videos["split"] == "test")]
    if len(moved):
        raise SoraError(
            f"the parent has learned what is in test now, such as {moved.iloc[0]['path']}; bring back its "
            f"splits, {INSTEAD}"
        )
    in_train = videos["key"].isin(learned.loc[learned["split"] == "train", "key"])
    return videos["split"].mask(in_train, "train")


def _read_choices(path: Path) -> LinearChoices:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SoraError(f"{path}: is damaged ({error}); run sora update again") from error
    return convert(LinearChoices, values, str(path))
