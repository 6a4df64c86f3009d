"""The project's own videos as observations: from stored features, so that none is decoded."""

import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from sora import layout
from sora.bundle import Bundle
from sora.bundle_features import bundle_features, require_same_input
from sora.clip import window_of
from sora.drift.facts import watched_facts
from sora.drift.groups import group_in
from sora.drift.observation import Observation
from sora.drift.sample import drawn
from sora.drift.stored import keep_observation, known_observation
from sora.features import feature_table
from sora.manifest import read_table
from sora.params import Runtime
from sora.runtimes import load_head
from sora.trained import read_trained
from sora.video.read import WHOLE

_ALREADY = ["label", "group"]


def project_observations(
    split: str, bundle: Bundle, runtime: Runtime, cache: Path, *, groups: re.Pattern[str] | None, seed: int
) -> list[Observation]:
    """Return what ``bundle`` says of the valid videos of a split, of very many a part that is drawn.

    Their groups are what ``groups`` finds in the path; without it, those of the manifest within a label.

    Args:
        split: train, val or test. A model is surer of the videos that it was fitted to than of any others.
        bundle: made of the model that train left behind.
        runtime: how work is spread, where clips must be read.
        cache: folder of observations that are known.
        groups: with a part named ``group``.
        seed: of the draw.

    Raises:
        SoraError: the split has no valid video, or there is no such model.
    """
    videos = _videos(split, groups)
    videos = videos.iloc[drawn(list(videos["source"]), seed)]
    hashes = list(videos["content_hash"])
    looked_up = {digest: known_observation(cache, digest, bundle.version) for digest in hashes}
    known = {digest: found for digest, found in looked_up.items() if found}
    missing = videos[~videos["content_hash"].isin(known)]
    for judged in _judged(missing, bundle, runtime) if len(missing) else ():
        known[judged.content_hash] = keep_observation(cache, judged)
    rows = zip(hashes, videos["source"], videos["path"], strict=True)
    return [replace(known[digest], group=group, video=path) for digest, group, path in rows]


def _videos(split: str, groups: re.Pattern[str] | None) -> pd.DataFrame:
    """Return path, key, source and the columns of the manifest of each valid video."""
    facts = read_table(layout.VALIDATED).drop(columns=_ALREADY)
    videos = feature_table((split,)).merge(facts, on="path", validate="one_to_one")
    rows = zip(videos["path"], videos["label"], videos["group"], strict=True)
    return videos.assign(
        source=[group_in(path, groups) if groups else f"{label}/{own}" for path, label, own in rows]
    )


def _judged(videos: pd.DataFrame, bundle: Bundle, runtime: Runtime) -> Iterator[Observation]:
    trained = read_trained()
    require_same_input(bundle, trained)
    head = load_head(bundle.head)
    features = bundle_features(videos, bundle, trained, runtime, "drift")
    for row, each in zip(videos.to_dict("records"), features, strict=True):
        probabilities, embedding = head(each)
        yield Observation(
            time=datetime.now(UTC),
            content_hash=row["content_hash"],
            model_version=bundle.version,
            label=bundle.labels[int(probabilities.argmax())],
            confidence=float(probabilities.max()),
            embedding=embedding,
            facts=watched_facts(row, _size_bytes(row)),
        )


def _size_bytes(row: Mapping[Hashable, Any]) -> float | None:
    """Return the size of a file; None for a part of one."""
    return float(row["size_bytes"]) if window_of(row) == WHOLE else None
