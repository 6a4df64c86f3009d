"""Stored features as arrays: what train, evaluate and compress read."""

from dataclasses import dataclass

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
        frames: float32 (N, T, F), multi-level features per frame.
        motion: float32 (N, T, M), motion features per frame.
    """

    videos: pd.DataFrame
    frames: np.ndarray
    motion: np.ndarray

    def of_split(self, split: str) -> "FeatureSet":
        """Return the part whose split is ``split``; it may be empty."""
        rows = (self.videos["split"] == split).to_numpy()
        return FeatureSet(self.videos[rows], self.frames[rows], self.motion[rows])

    def targets(self, labels: list[str]) -> np.ndarray:
        """Return the index in ``labels`` of each video's label, int64 (N,)."""
        return self.videos["label"].map({label: i for i, label in enumerate(labels)}).to_numpy(np.int64)


def load_features(splits: tuple[str, ...], *, all_views: bool = False) -> FeatureSet:
    """Read the stored features of every valid video of ``splits``, ordered by path and view.

    Args:
        splits: names of splits.
        all_views: whether the augmented views of training videos come as further rows.

    Raises:
        SoraError: there is none.
    """
    table = read_table(layout.FEATURE_INDEX)
    table = table[table["reason"] == ""].drop(columns="reason")
    table = table if all_views else table[table["view"] == 0]
    table = table.merge(read_table(layout.SPLITS), on="path", validate="many_to_one")
    table = table.merge(read_table(layout.VALIDATED)[["path", "label", "group"]], on="path")
    table = table[table["split"].isin(splits)].sort_values(["path", "view"], ignore_index=True)
    if table.empty:
        raise SoraError(f"no valid video is in the splits {', '.join(splits)}; see {layout.QUARANTINE}")
    store = VideoStore(layout.FEATURES, ".npz")
    loaded = []
    for key in table["key"]:
        with np.load(store.path(key), allow_pickle=False) as arrays:
            loaded.append((arrays["frames"], arrays["motion"]))
    frames, motion = zip(*loaded, strict=True)
    return FeatureSet(table, np.stack(frames), np.stack(motion))
