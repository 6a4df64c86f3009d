"""How a model stands: beside the baselines, and on parts of the held-out videos; from what is stored."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sora import layout
from sora.attributes import read_attributes
from sora.evaluation.baselines import (
    against_model,
    mean_pooled_probabilities,
    metadata_probabilities,
    plain_columns,
)
from sora.evaluation.comparison import answers_right
from sora.evaluation.predictions import predicted_labels
from sora.evaluation.slices import Slice, measure_slices
from sora.features import feature_columns, feature_table
from sora.manifest import read_table
from sora.quality.confounds import metadata_table
from sora.store import VideoStore
from sora.training.fitted import targets


def beside_baselines(
    test: pd.DataFrame, is_right: np.ndarray, labels: list[str], *, several_labels: bool, seed: int
) -> dict[str, dict[str, float]]:
    """Return what each baseline reaches on ``test``, and by how much the model beats it.

    The baselines learn from the videos of train and val: the model had both, to fit itself or to choose by.
    ``mean_pooled`` is left out where extract made no features of plain frames.

    Args:
        test: of ``feature_table``, the held-out videos.
        is_right: bool (M,), whether the model is right on each.
        labels: the names of the model's labels, in order.
        several_labels: whether a video may have several.
        seed: of the baselines.
    """
    train = feature_table(("train", "val"))
    wanted = targets(train["label"], labels)
    known, asked = _metadata(train, test)
    found = {
        "metadata": metadata_probabilities(known, wanted, asked, several_labels=several_labels, seed=seed)
    }
    columns = plain_columns(feature_columns())
    if columns:
        found["mean_pooled"] = mean_pooled_probabilities(
            _mean_over_time(train, columns),
            wanted,
            list(train["group"]),
            _mean_over_time(test, columns),
            several_labels=several_labels,
            seed=seed,
        )
    said = {
        name: predicted_labels(probabilities, labels, several_labels=several_labels)
        for name, probabilities in found.items()
    }
    groups = list(test["group"])
    return {
        name: against_model(is_right, answers_right(test["label"], answers), groups)
        for name, answers in said.items()
    }


def held_out_slices(test: pd.DataFrame, is_right: np.ndarray, columns: Sequence[str]) -> list[Slice]:
    """Return accuracy by the facts of the videos and by ``columns`` of the user's table, the worst first.

    Raises:
        SoraError: labels.csv has no such column.
    """
    paths = list(test["path"])
    manifest = _manifest(paths)
    attributes = read_attributes(paths, columns) if columns else pd.DataFrame(index=manifest.index)
    return measure_slices(manifest, attributes, is_right)


def _mean_over_time(videos: pd.DataFrame, columns: list[slice]) -> np.ndarray:
    """Return some columns of the stored features averaged over time, float32 (N, D); the rest is not read."""
    store = VideoStore(layout.FEATURES, ".npy")
    rows = []
    for key in videos["key"]:
        stored = np.load(store.path(key), mmap_mode="r", allow_pickle=False)
        rows.append(np.concatenate([stored[:, block].mean(axis=0) for block in columns]))
    return np.stack(rows)


def _metadata(train: pd.DataFrame, test: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    # In one table, for containers and codecs are numbered by those that it has.
    numbers = metadata_table(_manifest([*train["path"], *test["path"]])).to_numpy()
    return numbers[: len(train)], numbers[len(train) :]


def _manifest(paths: Sequence[str]) -> pd.DataFrame:
    return read_table(layout.VALIDATED).set_index("path", drop=False).loc[list(paths)].reset_index(drop=True)
