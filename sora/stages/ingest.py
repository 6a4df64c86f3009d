"""ingest: from labelled videos to the manifest, with an outcome for each, the splits and a thumbnail each."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pandas as pd
from annotated_types import Ge, Gt, Lt

from sora import layout
from sora.manifest import read_table, write_table
from sora.params import STRICT, Runtime, Settings
from sora.quality.splits import assign_fold, assign_splits, carve_validation
from sora.sources.entries import Entry, cut, fetch, identify, locate
from sora.sources.fetching import FetchRules
from sora.sources.listing import list_videos
from sora.sources.outcomes import FAILURE_COLUMNS, failures_table, manifest_table
from sora.sources.reading import write_cuts, write_facts
from sora.sources.videos import is_url
from sora.store import VideoStore, result_key
from sora.video import cuts, probe, read
from sora.work import Outcome, map_videos


@dataclass(frozen=True)
class Params:
    """Parameters of ingest.

    Attributes:
        source: the folder of videos.
        group_column: column of its labels.csv with the source group.
        group_pattern: regular expression on the path with a group named ``group``; empty: none.
        split_column: column of its labels.csv with train / val / test; empty: split by group.
        test_share, val_share: shares of each label's groups; val is carved out of train.
        num_folds, fold: test is this fold, from 0, of so many folds of groups; 0 folds: ``test_share``.
        cut: whether long videos become pieces, each a video of its own, and where.
        window_seconds: length of a piece of ``windows``; a rest of less than half of it is left out.
        min_shot_seconds: shortest piece of ``shots``.
        shot_threshold: change of the picture, 0 to 255, that ends a shot.
        max_fetch_mib: a bigger file behind a URL is refused.
    """

    __pydantic_config__: ClassVar = STRICT

    source: str
    group_column: str
    group_pattern: str
    split_column: str
    test_share: Annotated[float, Ge(0.01), Lt(0.9)]
    val_share: Annotated[float, Ge(0), Lt(0.9)]
    num_folds: Annotated[int, Ge(0)]
    fold: Annotated[int, Ge(0)]
    cut: Literal["none", "shots", "windows"]
    window_seconds: Annotated[float, Gt(0)]
    min_shot_seconds: Annotated[float, Gt(0)]
    shot_threshold: Annotated[float, Gt(0), Lt(255)]
    max_fetch_mib: Annotated[float, Gt(0)]

    def __post_init__(self) -> None:
        if self.num_folds == 1 or self.fold >= max(self.num_folds, 1):
            raise ValueError("num_folds must be 0 or at least 2, and fold below it")
        if self.num_folds and self.split_column:
            raise ValueError("num_folds and split_column exclude each other; set one of them")
        if self.group_pattern and "group" not in _compiled(self.group_pattern).groupindex:
            raise ValueError("group_pattern needs a part in (?P<group>...)")


def run(params: Params, settings: Settings) -> None:
    """Fetch and read what is new, once, and write the manifest and the splits."""
    source = Path(params.source)
    listing = list_videos(source, params.split_column, params.group_column, params.group_pattern)
    entries = _fetch(locate(listing.videos, source, layout.FETCHED), params.max_fetch_mib)
    entries = identify(entries, layout.HASHES)
    entries = _cut(entries, cut_rule(params), settings.runtime)
    facts, seconds = _read_facts(entries, settings.runtime)
    manifest = manifest_table(entries, listing.skipped, facts, source)
    write_table(layout.MANIFEST, manifest)
    splits = {entry.video.path: entry.video.split for entry in entries}
    write_table(layout.SPLITS, split_table(manifest, splits, params, settings.seed))
    _write_failures(manifest, seconds)


def split_table(manifest: pd.DataFrame, given: dict[str, str], params: Params, seed: int) -> pd.DataFrame:
    """Return path and split of every video that was not skipped; ``given`` is by path."""
    videos = manifest[manifest["outcome"] != "skipped"]
    if params.split_column:
        splits = [given[path] for path in videos["path"]]
        if "val" not in splits:
            splits = carve_validation(videos, splits, seed, params.val_share)
    elif params.num_folds:
        splits = assign_fold(videos, seed, params.num_folds, params.fold, params.val_share)
    else:
        splits = assign_splits(videos, seed, params.test_share, params.val_share)
    return pd.DataFrame({"path": videos["path"], "split": splits})


def cut_rule(params: Params) -> cuts.Shots | cuts.Windows | None:
    """Return where long videos are to be cut, if they are."""
    if params.cut == "shots":
        return cuts.Shots(params.min_shot_seconds, params.shot_threshold)
    return cuts.Windows(params.window_seconds) if params.cut == "windows" else None


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"group_pattern is not a regular expression: {error}") from error


def _fetch(entries: list[Entry], max_mib: float) -> list[Entry]:
    names = {entry.file.name for entry in entries if is_url(entry.video.location)}
    fetched, partial = VideoStore(layout.FETCHED, ""), VideoStore(layout.PARTIAL, "")
    layout.PARTIAL.mkdir(parents=True, exist_ok=True)
    with fetched.writing():
        found = fetch(entries, FetchRules(layout.PARTIAL, round(max_mib * 2**20)))
        fetched.prune(names)
        partial.prune(names | {f"{name}.version" for name in names})
    return found


def _cut(entries: list[Entry], rule: cuts.Shots | cuts.Windows | None, runtime: Runtime) -> list[Entry]:
    store = VideoStore(layout.CUTS, ".json")
    if rule is None:
        with store.writing():
            store.prune([])
        return entries
    whole = {e.content_hash: (e.file, rule) for e in entries if e.goes_on and e.video.window == read.WHOLE}
    parameters = {type(rule).__name__: asdict(rule)}
    versions = {"cuts": cuts.VERSION, "read": read.VERSION}
    keys = {digest: result_key(digest, parameters, versions) for digest in whole}
    found = _stored_or_new(write_cuts, whole, keys, store, runtime=runtime, title="cut")
    return cut(entries, found, rule.min_seconds)


def _read_facts(
    entries: list[Entry], runtime: Runtime
) -> tuple[dict[str, probe.VideoFacts], dict[str, float]]:
    """Return the facts by content hash, and how long each failed video, by path, was tried."""
    videos = {entry.content_hash: (entry.file, entry.video.window) for entry in entries if entry.goes_on}
    keys = {digest: result_key(digest, {}, {"probe": probe.VERSION}) for digest in videos}
    thumbnails = VideoStore(layout.THUMBNAILS, ".jpg")
    items = {digest: (*video, thumbnails.path(digest)) for digest, video in videos.items()}
    with thumbnails.writing():
        store = VideoStore(layout.FACTS, ".json")
        found = _stored_or_new(write_facts, items, keys, store, runtime=runtime, title="ingest")
        thumbnails.prune(videos)
    facts = {
        digest: probe.VideoFacts(**(outcome.value or {"error": outcome.reason}))
        for digest, outcome in found.items()
    }
    seconds = {e.video.path: found[e.content_hash].seconds if e.goes_on else e.seconds for e in entries}
    return facts, seconds


def _stored_or_new(
    work: Callable[[Any], None],
    items: dict[str, tuple[Any, ...]],
    keys: dict[str, str],
    store: VideoStore,
    *,
    runtime: Runtime,
    title: str,
) -> dict[str, Outcome]:
    """Return the stored result, or why there is none, of each item; ``work`` writes those not yet there."""
    with store.writing():
        todo = [name for name in items if not store.path(keys[name]).exists()]
        jobs = [(*items[name], store.path(keys[name])) for name in todo]
        new = dict(zip(todo, map_videos(work, jobs, runtime, title, len(items) - len(todo)), strict=True))
        store.prune(keys.values())
    return {name: _result(new.get(name, Outcome(None)), store.path(keys[name])) for name in items}


def _result(outcome: Outcome, stored: Path) -> Outcome:
    if outcome.reason:
        return outcome
    return replace(outcome, value=json.loads(stored.read_text(encoding="utf-8")))


def _write_failures(manifest: pd.DataFrame, seconds: dict[str, float]) -> None:
    known = layout.FAILURES.exists()
    before = read_table(layout.FAILURES) if known else pd.DataFrame(columns=FAILURE_COLUMNS)
    write_table(layout.FAILURES, failures_table(manifest, seconds, before, datetime.now(UTC)))
