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
from sora.attempt import Outcome
from sora.attributes import attributes_table
from sora.errors import SoraError
from sora.manifest import read_table, write_table
from sora.params import STRICT, Runtime, Settings
from sora.quality.splits import assign_fold, assign_splits, carve_validation
from sora.sources.entries import Entry, cut, fetch, identify, locate
from sora.sources.fetching import FetchRules
from sora.sources.listing import list_videos
from sora.sources.outcomes import FAILURE_COLUMNS, failures_table, manifest_table
from sora.sources.reading import write_cuts, write_facts
from sora.sources.table import LABELS
from sora.sources.videos import is_url
from sora.store import VideoStore, result_key
from sora.video import cuts, probe, read
from sora.video.facts import VideoFacts
from sora.work import map_videos


@dataclass(frozen=True)
class Params:
    """Parameters of ingest.

    Attributes:
        source: the folder of videos, or its URL, such as ``s3://bucket/folder``.
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
    listing = list_videos(params.source, params.split_column, params.group_column, params.group_pattern)
    entries = _fetch(locate(listing.videos, params.source, layout.FETCHED), params.max_fetch_mib)
    entries = identify(entries, layout.HASHES)
    entries, facts, seconds = _read(entries, cut_rule(params), settings.runtime)
    manifest = manifest_table(entries, listing.skipped, facts, params.source)
    write_table(layout.MANIFEST, manifest)
    write_table(layout.ATTRIBUTES, attributes_table([entry.video for entry in entries]))
    splits = {entry.video.path: entry.video.split for entry in entries}
    write_table(layout.SPLITS, split_table(manifest, splits, params, settings.seed))
    _write_failures(manifest, seconds)


def split_table(manifest: pd.DataFrame, given: dict[str, str], params: Params, seed: int) -> pd.DataFrame:
    """Return path and split of every video that was not skipped; ``given`` is by path."""
    videos = manifest[manifest["outcome"] != "skipped"]
    if params.split_column:
        splits = [given[path] for path in videos["path"]]
        if "test" not in splits:
            raise SoraError(
                f"{params.source}/{LABELS}: no row says test in the column {params.split_column!r} "
                "(ingest.split_column); a model is judged by test videos, so name some"
            )
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
    url_of = {entry.file.name: entry.video.location for entry in entries if is_url(entry.video.location)}
    fetched, partial = VideoStore(layout.FETCHED, ""), VideoStore(layout.PARTIAL, "")
    layout.PARTIAL.mkdir(parents=True, exist_ok=True)
    with fetched.writing():
        found = fetch(entries, FetchRules(layout.PARTIAL, round(max_mib * 2**20)))
        fetched.prune([*url_of, layout.FETCHED_URLS.name])
        partial.prune([*url_of, *(f"{name}.version" for name in url_of)])
        there = sorted((name, url) for name, url in url_of.items() if fetched.path(name).exists())
        write_table(layout.FETCHED_URLS, pd.DataFrame(there, columns=["file", "url"]))
    return found


def _read(
    entries: list[Entry], rule: cuts.Shots | cuts.Windows | None, runtime: Runtime
) -> tuple[list[Entry], dict[str, VideoFacts], dict[str, float]]:
    """Return the entries, cut; the facts by content hash; how long each video, by path, was tried."""
    store, thumbnails = VideoStore(layout.FACTS, ".json"), VideoStore(layout.THUMBNAILS, ".jpg")
    with store.writing(), thumbnails.writing():
        timelines = _cut_jobs(entries, rule) if rule else {}
        if rule:
            entries = cut(entries, _results(write_cuts, timelines, store, runtime, "cut"), rule.min_seconds)
        videos = _facts_jobs(entries, thumbnails)
        found = _results(write_facts, videos, store, runtime, "ingest")
        store.prune(job.key for jobs in (timelines, videos) for job in jobs.values())
        thumbnails.prune(videos)
    facts = {
        digest: VideoFacts(**(outcome.value or {"error": outcome.reason}))
        for digest, outcome in found.items()
    }
    seconds = {e.video.path: found[e.content_hash].seconds if e.goes_on else e.seconds for e in entries}
    return entries, facts, seconds


@dataclass(frozen=True)
class _Job:
    """What a child process is given, and the key that its result is stored under."""

    item: tuple[Any, ...]
    key: str


def _cut_jobs(entries: list[Entry], rule: cuts.Shots | cuts.Windows) -> dict[str, _Job]:
    parameters = {type(rule).__name__: asdict(rule)}
    versions = {"cuts": cuts.VERSION, "read": read.VERSION}
    whole = {e.content_hash: e.file for e in entries if e.goes_on and e.video.window == read.WHOLE}
    return {d: _Job((file, rule), result_key(d, parameters, versions)) for d, file in whole.items()}


def _facts_jobs(entries: list[Entry], thumbnails: VideoStore) -> dict[str, _Job]:
    versions = {"probe": probe.VERSION}
    parts = {e.content_hash: (e.file, e.video.window) for e in entries if e.goes_on}
    return {d: _Job((*part, thumbnails.path(d)), result_key(d, {}, versions)) for d, part in parts.items()}


def _results(
    work: Callable[[Any], None], jobs: dict[str, _Job], store: VideoStore, runtime: Runtime, title: str
) -> dict[str, Outcome]:
    """Return the stored result, or why there is none, of each job; ``work`` writes those not yet there."""
    paths = {name: store.path(job.key) for name, job in jobs.items()}
    todo = [name for name in jobs if not paths[name].exists()]
    items = [(*jobs[name].item, paths[name]) for name in todo]
    done = map_videos(work, items, runtime, title, len(jobs) - len(todo))
    new = dict(zip(todo, done, strict=True))
    return {name: _result(new.get(name, Outcome(None)), paths[name]) for name in jobs}


def _result(outcome: Outcome, stored: Path) -> Outcome:
    if outcome.reason:
        return outcome
    return replace(outcome, value=json.loads(stored.read_text(encoding="utf-8")))


def _write_failures(manifest: pd.DataFrame, seconds: dict[str, float]) -> None:
    known = layout.FAILURES.exists()
    before = read_table(layout.FAILURES) if known else pd.DataFrame(columns=FAILURE_COLUMNS)
    write_table(layout.FAILURES, failures_table(manifest, seconds, before, datetime.now(UTC)))
