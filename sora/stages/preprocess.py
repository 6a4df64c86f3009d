"""preprocess: one clean, fixed-shape, lossless clip per valid video."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import pandas as pd
from annotated_types import Ge, Gt, Le

from sora import layout
from sora.atomic import write_json
from sora.clip import read_clean_clip
from sora.frames import cleaning, sampling
from sora.frames.spec import ClipSpec, Denoise
from sora.manifest import read_table, write_table
from sora.params import STRICT, Settings
from sora.store import VideoStore, result_key
from sora.video import read, write
from sora.work import map_videos


@dataclass(frozen=True)
class Params:
    """Parameters of preprocess: the fields of ``sora.frames.spec.ClipSpec``, which says what they mean."""

    __pydantic_config__: ClassVar = STRICT

    num_segments: Annotated[int, Ge(1)]
    frames_per_segment: Annotated[int, Ge(2), Le(8)]
    frame_interval_seconds: Annotated[float, Gt(0)]
    image_size_px: Annotated[int, Ge(32), Le(1024)]
    denoise: Denoise
    denoise_kernel_px: Annotated[int, Ge(1)]
    min_brightness: Annotated[float, Ge(0), Le(1)]
    max_brightness: Annotated[float, Ge(0), Le(1)]

    def __post_init__(self) -> None:
        if self.image_size_px % 2 or not self.denoise_kernel_px % 2:
            raise ValueError("image_size_px must be even and denoise_kernel_px odd")
        if self.min_brightness >= self.max_brightness:
            raise ValueError("min_brightness must be below max_brightness")


def run(params: Params, settings: Settings) -> None:
    """Write the clips that are not stored yet, and the index of all of them."""
    spec = ClipSpec(**asdict(params))
    videos = read_table(layout.VALIDATED)
    store = VideoStore(layout.CLIPS, ".mkv")
    keys = [clip_key(digest, spec) for digest in videos["content_hash"]]
    with store.writing():
        missing = set(store.missing(keys))
        todo = [(f, k) for f, k in zip(videos["file"], keys, strict=True) if k in missing]
        items = [(file, str(store.path(key)), spec) for file, key in todo]
        outcomes = map_videos(_write_clip, items, settings.runtime, "preprocess", len(keys) - len(todo))
        store.prune(keys)
    reasons = {key: outcome.reason for (_, key), outcome in zip(todo, outcomes, strict=True)}
    index = pd.DataFrame({"path": videos["path"], "key": keys, "reason": [reasons.get(k, "") for k in keys]})
    write_table(layout.CLIP_INDEX, index)
    write_json(layout.CLIP_SPEC, asdict(spec))


def clip_key(content_hash: str, spec: ClipSpec) -> str:
    """Return the store key of a video's clip."""
    versions = {
        "sampling": sampling.VERSION,
        "cleaning": cleaning.VERSION,
        "read": read.VERSION,
        "write": write.VERSION,
    }
    return result_key(content_hash, asdict(spec), versions)


def _write_clip(item: tuple[str, str, ClipSpec]) -> None:
    video, clip, spec = item
    write.write_clip(Path(clip), read_clean_clip(Path(video), spec).pixels)
