"""The tiny bundle as a model that can run live: its streams are single frames and their differences."""

import inspect
from dataclasses import replace
from pathlib import Path

from bundles import SPEC, tiny_bundle

from sora.bundle import Bundle, write_bundle

LIVE_SPEC = replace(
    SPEC,
    clip=replace(SPEC.clip, frames_per_segment=4),
    streams=replace(SPEC.streams, names=["rgb", "difference"]),
)


def live_bundle(folder: Path) -> Bundle:
    """Write it into ``folder``; it differs from the tiny bundle in its specification alone."""
    tiny = tiny_bundle(folder.parent / "tiny")
    names = inspect.signature(write_bundle).parameters.keys() - {"folder", "spec"}
    return write_bundle(folder, spec=LIVE_SPEC, **{name: getattr(tiny, name) for name in names})
