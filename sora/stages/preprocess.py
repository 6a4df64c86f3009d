"""preprocess: one clean, fixed-shape, lossless clip per valid video."""

from dataclasses import asdict
from typing import TypeAlias

import pandas as pd

from sora import layout
from sora.atomic import write_json
from sora.clip import window_of, write_clean_clip
from sora.frames.inputs import CLIP_VERSIONS
from sora.frames.spec import ClipSpec
from sora.manifest import read_table, write_table
from sora.params import Settings
from sora.store import VideoStore, result_key
from sora.video import read, write
from sora.video.read import WHOLE, Window
from sora.work import map_videos

Params: TypeAlias = ClipSpec  # the section of params.yaml is the specification itself: nothing stands twice


def run(params: Params, settings: Settings) -> None:
    """Write the clips that are not stored yet, and the index of all of them."""
    videos = read_table(layout.VALIDATED)
    windows = [window_of(row) for row in videos.to_dict("records")]
    store = VideoStore(layout.CLIPS, ".mkv")
    keys = [clip_key(*video, params) for video in zip(videos["content_hash"], windows, strict=True)]
    with store.writing():
        missing = set(store.missing(keys))
        todo = [item for item in zip(videos["file"], windows, keys, strict=True) if item[2] in missing]
        items = [(file, window, str(store.path(key)), params) for file, window, key in todo]
        outcomes = map_videos(write_clean_clip, items, settings.runtime, "preprocess", len(keys) - len(todo))
        store.prune(keys)
    reasons = {key: outcome.reason for (*_, key), outcome in zip(todo, outcomes, strict=True)}
    index = pd.DataFrame({"path": videos["path"], "key": keys, "reason": [reasons.get(k, "") for k in keys]})
    write_table(layout.CLIP_INDEX, index)
    write_json(layout.CLIP_SPEC, asdict(params))


def clip_key(content_hash: str, window: Window, spec: ClipSpec) -> str:
    """Return the store key of the clip of a video, or of a part of it."""
    part = {} if window == WHOLE else {"window": asdict(window)}
    versions = {**CLIP_VERSIONS, "read": read.VERSION, "write": write.VERSION}
    return result_key(content_hash, {**asdict(spec), **part}, versions)
