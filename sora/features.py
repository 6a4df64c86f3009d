"""Stored features as arrays: what train, evaluate and compress read."""

import json
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sora import layout
from sora.errors import SoraError
from sora.manifest import read_table
from sora.store import VideoStore


@dataclass(frozen=True)
class FeatureSet:
    """Features of the videos of one or more splits.

    Attributes:
        videos: columns path, view, label, group, split, key; one row per view of a video, 0 being itself.
        features: float32 (N, T, F), of each segment.
        columns: name of each block of columns, ``rgb.mean`` and so on.
    """

    videos: pd.DataFrame
    features: np.ndarray
    columns: dict[str, slice]

    def of_split(self, split: str) -> "FeatureSet":
        """Return the part whose split is ``split``; it may be empty."""
        rows = (self.videos["split"] == split).to_numpy()
        return replace(self, videos=self.videos[rows], features=self.features[rows])


def load_features(splits: tuple[str, ...], *, all_views: bool = False) -> FeatureSet:
    """Read the stored features of every valid video of ``splits``, ordered by path and view.

    Args:
        splits: names of splits.
        all_views: whether the augmented views of training videos come as further rows.

    Raises:
        SoraError: there is none.
    """
    return read_features(feature_table(splits, all_views=all_views))


def read_features(table: pd.DataFrame) -> FeatureSet:
    """Read the stored features of some rows of ``feature_table``; at least one."""
    store = VideoStore(layout.FEATURES, ".npy")
    loaded = [np.load(store.path(key), allow_pickle=False) for key in table["key"]]
    return FeatureSet(table, np.stack(loaded), feature_columns())


def feature_columns() -> dict[str, slice]:
    """Return where each block of columns lies, by its name."""
    columns = json.loads(layout.FEATURE_COLUMNS.read_text(encoding="utf-8"))
    return {name: slice(*ends) for name, ends in columns.items()}


def feature_table(splits: tuple[str, ...], *, all_views: bool = False) -> pd.DataFrame:
    """Return the ``videos`` of ``load_features`` without opening any of their features; raises as it does."""
    table = read_table(layout.FEATURE_INDEX)
    table = table[table["reason"] == ""].drop(columns="reason")
    table = table if all_views else table[table["view"] == 0]
    table = table.merge(read_table(layout.SPLITS), on="path", validate="many_to_one")
    table = table.merge(read_table(layout.VALIDATED)[["path", "label", "group"]], on="path")
    table = table[table["split"].isin(splits)].sort_values(["path", "view"], ignore_index=True)
    if table.empty:
        raise SoraError(f"no valid video is in the splits {', '.join(splits)}; see {layout.QUARANTINE}")
    return table
