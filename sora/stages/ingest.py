"""ingest: from a folder of labelled videos to the manifest, the splits and a thumbnail each."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pandas as pd
from annotated_types import Ge, Lt

from sora import layout
from sora.atomic import write_bytes, write_json
from sora.manifest import MANIFEST_COLUMNS, write_table
from sora.params import STRICT, Settings
from sora.quality.splits import assign_splits, carve_validation
from sora.source import LabelledVideo, list_videos
from sora.store import VideoStore, result_key
from sora.video import probe
from sora.work import map_videos


@dataclass(frozen=True)
class Params:
    """Parameters of ingest.

    Attributes:
        source: the folder of videos.
        split_column: column of its labels.csv with train / val / test; empty: split by group.
        test_share, val_share: shares of each label's groups; val is carved out of train.
    """

    __pydantic_config__: ClassVar = STRICT

    source: str
    split_column: str
    test_share: Annotated[float, Ge(0.01), Lt(0.9)]
    val_share: Annotated[float, Ge(0), Lt(0.9)]


def run(params: Params, settings: Settings) -> None:
    """Read every new video once and write the manifest and the splits."""
    source = Path(params.source)
    videos = list_videos(source, params.split_column)
    manifest = build_manifest(source, videos, settings)
    write_table(layout.MANIFEST, manifest)
    write_table(layout.SPLITS, split_table(manifest, videos, params, settings.seed))


def build_manifest(source: Path, videos: list[LabelledVideo], settings: Settings) -> pd.DataFrame:
    """Return the manifest: one row per video, facts of an unreadable one with its error."""
    paths = [source / video.path for video in videos]
    with ThreadPoolExecutor() as pool:
        hashes = list(pool.map(content_hash, paths))
    facts = _facts_by_hash(dict(zip(hashes, paths, strict=True)), settings)
    first: dict[str, str] = {}
    rows = []
    for video, path, digest in zip(videos, paths, hashes, strict=True):
        duplicate_of = first.get(digest, "")
        first.setdefault(digest, video.path)
        rows.append(
            {
                "path": video.path,
                "file": path.as_posix(),
                "label": video.label,
                "group": video.group,
                "content_hash": digest,
                "size_bytes": path.stat().st_size,
                "duplicate_of": duplicate_of,
                **facts[digest],
            }
        )
    return pd.DataFrame(rows, columns=MANIFEST_COLUMNS)


def split_table(
    manifest: pd.DataFrame, videos: list[LabelledVideo], params: Params, seed: int
) -> pd.DataFrame:
    """Return path and split of every video that is no duplicate."""
    given = [video.split for video in videos]
    unique = manifest[manifest["duplicate_of"] == ""]
    if params.split_column:
        splits = [given[i] for i in unique.index]
        if "val" not in splits:
            splits = carve_validation(unique, splits, seed, params.val_share)
    else:
        splits = assign_splits(unique, seed, params.test_share, params.val_share)
    return pd.DataFrame({"path": unique["path"], "split": splits})


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _facts_by_hash(path_of: dict[str, Path], settings: Settings) -> dict[str, dict[str, Any]]:
    facts, thumbnails = VideoStore(layout.FACTS, ".json"), VideoStore(layout.THUMBNAILS, ".jpg")
    keys = {digest: result_key(digest, {}, {"probe": probe.VERSION}) for digest in path_of}
    with facts.writing(), thumbnails.writing():
        todo = [d for d in path_of if not facts.path(keys[d]).exists()]
        items = [
            (str(path_of[d]), str(facts.path(keys[d])), str(layout.THUMBNAILS / f"{d}.jpg")) for d in todo
        ]
        outcomes = map_videos(_probe, items, settings.runtime, "ingest", len(path_of) - len(todo))
        failed = {d: outcome.reason for d, outcome in zip(todo, outcomes, strict=True) if outcome.reason}
        facts.prune(keys.values())
        thumbnails.prune(path_of)
        return {
            d: asdict(probe.VideoFacts(error=failed[d])) if d in failed else _stored(facts.path(keys[d]))
            for d in path_of
        }


def _probe(item: tuple[str, str, str]) -> None:
    video, facts_path, thumbnail_path = item
    facts, thumbnail = probe.probe_with_thumbnail(Path(video))
    if thumbnail:
        write_bytes(Path(thumbnail_path), thumbnail)
    write_json(Path(facts_path), asdict(facts))


def _stored(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))
