"""From the tables of the pipeline to a network and what held-out clips say of it."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from sora import layout
from sora.atomic import write_json
from sora.clip import window_of
from sora.enhance.judgement import Judged, Judgement
from sora.enhance.own import hash_of
from sora.errors import SoraError
from sora.manifest import read_table
from sora.params import Runtime, read_section
from sora.quiet import import_tensorflow
from sora.upscaler.judging import LEAST_PX, Held, judge_clip
from sora.upscaler.params import Params
from sora.upscaler.patches import Cut, Source, cut_patches, example
from sora.upscaler.verdict import judgement
from sora.work import map_videos

_VAL_SHARE = 5  # a fifth as many patches are for validation as for training


def train_upscaler(params: Params) -> Judgement:
    """Train on the split train, choose the epoch by val, judge by test; write network and judgement.

    Raises:
        SoraError: a split has no video that can be read.
    """
    runtime = read_section("runtime", Runtime)
    videos = read_table(layout.VALIDATED).merge(read_table(layout.SPLITS), on="path")
    train = _patches(_drawn(videos, "train", params), params, params.num_patches, runtime)
    val = _patches(_drawn(videos, "val", params), params, -(-params.num_patches // _VAL_SHARE), runtime)
    _fit(train, val, params)
    found = _judged(_drawn(videos, "test", params), params, runtime)
    write_json(layout.UPSCALER_JUDGEMENT, asdict(found))
    return found


def _drawn(videos: pd.DataFrame, split: str, params: Params) -> pd.DataFrame:
    """Draw videos of a split by their hash, so that a new video changes little; with it as column draw."""
    chosen = videos[videos["split"] == split]
    if chosen.empty:
        raise SoraError(f"{layout.SPLITS}: no video of the split {split}, which training an upscaler needs")
    draw = [_number(params.seed, content_hash) for content_hash in chosen["content_hash"]]
    return chosen.assign(draw=draw).sort_values(["draw", "path"]).head(params.num_videos)


def _number(seed: int, content_hash: str) -> int:
    return int(hashlib.sha256(f"{seed} {content_hash}".encode()).hexdigest()[:12], 16)


def _patches(videos: pd.DataFrame, params: Params, num_patches: int, runtime: Runtime) -> list[np.ndarray]:
    """Return patches, uint8 RGB (S, S, 3), of all videos that can be read."""
    of_each_frame = -(-num_patches // (len(videos) * params.frames_per_video))
    cuts = [
        Cut(source, of_each_frame, draw)
        for source, draw in zip(_sources(videos, params, params.patch_px), videos["draw"], strict=True)
    ]
    outcomes = map_videos(cut_patches, cuts, runtime, "patches")
    patches = [patch for outcome in outcomes if not outcome.reason for patch in outcome.value]
    _require_some(patches, outcomes[0].reason)
    return patches


def _fit(train: list[np.ndarray], val: list[np.ndarray], params: Params) -> None:
    import_tensorflow()
    from sora.networks.onnx_export import export_onnx
    from sora.training.upscaler import Examples, fit_upscaler

    def examples(patches: Iterable[np.ndarray]) -> Examples:
        pairs = map(example, patches)
        return Examples(*(np.stack(column) for column in zip(*pairs, strict=True)))

    network = fit_upscaler(
        examples(train),
        examples(val),
        filters=params.filters,
        epochs=params.epochs,
        patience=params.patience,
        batch_size=params.batch_size,
        learning_rate=params.learning_rate,
        seed=params.seed,
        on_epoch=lambda number, gain: print(f"epoch {number}: {gain:+.2f} dB on val", flush=True),
    )
    export_onnx(network, layout.UPSCALER)


def _judged(videos: pd.DataFrame, params: Params, runtime: Runtime) -> Judgement:
    items = [Held(source, str(layout.UPSCALER)) for source in _sources(videos, params, LEAST_PX)]
    outcomes = map_videos(judge_clip, items, runtime, "judge")
    clips, groups, unread = [], [], {}
    for path, group, outcome in zip(videos["path"], videos["group"], outcomes, strict=True):
        if outcome.reason:
            unread[path] = outcome.reason
        else:
            clips.append(Judged(path, *outcome.value))
            groups.append(group)
    _require_some(clips, outcomes[0].reason)
    return judgement(hash_of(layout.UPSCALER.read_bytes()), clips, groups, unread)


def _sources(videos: pd.DataFrame, params: Params, least_px: int) -> list[Source]:
    windows = [window_of(row) for row in videos.to_dict("records")]
    return [
        Source(file, window, params.frames_per_video, least_px)
        for file, window in zip(videos["file"], windows, strict=True)
    ]


def _require_some(found: Sequence[object], reason: str) -> None:
    if not found:
        raise SoraError(f"no video of a split can be used to train an upscaler; of the first: {reason}")
