"""Specifications in which every step changes nothing, for tests to change."""

from dataclasses import replace
from typing import Any

from sora.frames.spec import (
    BackgroundSpec,
    ClipSpec,
    CropSpec,
    DenoiseSpec,
    DescriptorSpec,
    InputSpec,
    LightSpec,
    SelectionSpec,
    StreamSpec,
)

PLAIN = ClipSpec(
    num_segments=4,
    frames_per_segment=2,
    frame_interval_seconds=0.04,
    image_size_px=64,
    selection=SelectionSpec(0.0, 1.0, 0.0, 0.0, False, 0.0, 0.0),
    crop=CropSpec(0.0, 0.0, 1.0, 1.0, 0, 1.0),
    fit="stretch",
    denoise=DenoiseSpec("none", 3, 10.0),
    light=LightSpec(0.0, 1.0, 0.0),
    background=BackgroundSpec(False, 127, 16.0),
)


def clip_spec(**changes: Any) -> ClipSpec:
    """Change fields of the plain specification; a mapping changes fields of a part."""
    for name, value in changes.items():
        if isinstance(value, dict):
            changes[name] = replace(getattr(PLAIN, name), **value)
    return replace(PLAIN, **changes)


def input_spec(
    clip: ClipSpec = PLAIN, *, streams: str = "rgb", descriptors: str = "motion.flow"
) -> InputSpec:
    """Name streams and descriptors in words; sizes are small."""
    return InputSpec(
        clip,
        StreamSpec(streams.split(), crop_share=0.5, difference_gain=4.0),
        DescriptorSpec(descriptors.split(), flow_size_px=32, grid_cells=2, flow_bins=8, colour_bins=4),
        "any",
        ["mean"],
    )
