"""Features of the project's videos as a bundle's own backbone makes them, without decoding a video."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from sora import layout
from sora.bundle import Bundle
from sora.errors import SoraError
from sora.lineage import path_hash
from sora.params import Runtime
from sora.store import VideoStore
from sora.trained import Trained, features_from_clips

_CLIPS_AT_ONCE = 256


def bundle_features(
    videos: pd.DataFrame, bundle: Bundle, trained: Trained, runtime: Runtime, title: str
) -> Iterator[np.ndarray]:
    """Yield the features of each video, float32 (T, F).

    Those that extract stored, if the bundle's backbone is the one that made them; else they are made anew
    from the stored clips, for those of a compressed backbone differ a little.

    Args:
        videos: columns path and key, as ``sora.features.feature_table`` gives them.
        bundle: made of ``trained``, see ``require_same_input``.
        trained: what train left behind.
        runtime: how work is spread, where clips must be read.
        title: shown with the progress then.
    """
    if not trained.is_end_to_end and path_hash(bundle.backbone) == path_hash(trained.backbone):
        store = VideoStore(layout.FEATURES, ".npy")
        yield from (np.load(store.path(key), allow_pickle=False) for key in videos["key"])
        return
    paths = list(videos["path"])
    for start in range(0, len(paths), _CLIPS_AT_ONCE):
        some = paths[start : start + _CLIPS_AT_ONCE]
        yield from features_from_clips(some, bundle.backbone, bundle.spec, runtime, title)


def require_same_input(bundle: Bundle, trained: Trained) -> None:
    """Refuse a bundle that is not made of the trained model.

    Raises:
        SoraError: its frames or labels are others.
    """
    if (bundle.spec, list(bundle.labels)) != (trained.spec, trained.labels):
        raise SoraError(
            f"{bundle.folder}: the bundle is not made of the model in {layout.TRAINED}: its frames or labels "
            "are others; run dvc repro first"
        )
