"""The project's own videos as an index: from stored features, so that no video is decoded for it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sora import layout
from sora.apps.index.entries import Entry
from sora.apps.index.store import create_index
from sora.apps.index.vectors import search_vectors
from sora.apps.index.videos import Added, Describe, embedded_again
from sora.bundle import Bundle
from sora.bundle_features import bundle_features, require_same_input
from sora.features import feature_table
from sora.manifest import SPLIT_NAMES, labels_in, read_table
from sora.params import Runtime
from sora.runtimes import Head, load_head
from sora.trained import Trained, read_trained


@dataclass(frozen=True)
class Built:
    """What building an index changed.

    Attributes:
        num_videos: of the project, that are in the index now.
        num_put: of these, new or with new labels or vectors.
        removed: names of videos that were in it and are no longer the project's.
        failed: files that had been added under another model, and could not be embedded by this one.
    """

    num_videos: int
    num_put: int
    removed: tuple[str, ...] = ()
    failed: tuple[Added, ...] = ()


def build_index(path: Path, bundle: Bundle, runtime: Runtime, describe: Describe) -> Built:
    """Make the index at ``path`` hold the valid videos of the project that this process runs in.

    Videos that the index has are not embedded again, unless it is of another model than ``bundle``: then
    all are, and all at once take the place of the old ones. Files that were added stay in either case.

    Args:
        path: the index file; it is made where it is missing.
        bundle: the model.
        runtime: how work is spread, where clips must be read.
        describe: embeds added files by the same bundle, for the case of another model.

    Raises:
        SoraError: there is no trained model, or the bundle is not made of it; or as ``create_index``.
    """
    trained = read_trained()
    require_same_input(bundle, trained)
    videos = _videos()
    index = create_index(path, bundle.version, any_model=True)
    is_same_model = index.model_version == bundle.version
    known = index.by_content(list(videos["content_hash"])) if is_same_model else {}
    vectors = {digest: vector for digest, (_, vector) in known.items()}
    missing = videos[~videos["content_hash"].isin(vectors)]
    vectors.update(zip(missing["content_hash"], _vectors(missing, bundle, trained, runtime), strict=True))
    before = {entry.content_hash: entry for entry in index.entries().values()}
    entries = _entries(videos, before)
    rows = [vectors[entry.content_hash] for entry in entries]
    others = [entry for digest, entry in before.items() if digest not in vectors]
    if is_same_model:
        removed = tuple(index.remove([entry.video for entry in others if entry.origin == "project"]))
        return Built(len(entries), index.put(entries, np.stack(rows)).num_put, removed)
    added = [entry for entry in others if entry.origin == "added"]
    again, more_rows, failed = embedded_again(added, describe)
    index.replace_all(bundle.version, [*entries, *again], np.stack([*rows, *more_rows]))
    return Built(len(entries), len(entries), failed=tuple(failed))


def _videos() -> pd.DataFrame:
    """Return path, label, key, file and content_hash of each valid video."""
    facts = read_table(layout.VALIDATED)[["path", "file", "content_hash"]]
    return feature_table(SPLIT_NAMES).merge(facts, on="path", validate="one_to_one")


def _entries(videos: pd.DataFrame, before: Mapping[str, Entry]) -> list[Entry]:
    """Return the videos as the manifest has them, with the tags that each content had before."""
    columns = (videos[name] for name in ("path", "content_hash", "file", "label"))
    return [
        Entry(
            path,
            digest,
            file,
            tuple(labels_in(label)),
            before[digest].tags if digest in before else (),
            "project",
        )
        for path, digest, file, label in zip(*columns, strict=True)
    ]


def _vectors(
    videos: pd.DataFrame, bundle: Bundle, trained: Trained, runtime: Runtime
) -> Iterator[np.ndarray]:
    """Yield the search vector of each video, float32 (V,), as the bundle's predictor would make it."""
    head = load_head(bundle.head)
    for features in bundle_features(videos, bundle, trained, runtime, "index"):
        yield _vector(head, features)


def _vector(head: Head, features: np.ndarray) -> np.ndarray:
    probabilities, embedding = head(features)
    return search_vectors(embedding[None], probabilities[None])[0]
