"""Where in the frame each feature of a moment comes from."""

from dataclasses import dataclass

import numpy as np

from sora.explanation.regions import coverage
from sora.frames.descriptors import descriptor_columns
from sora.frames.geometry import moving_box
from sora.frames.inputs import by_segment
from sora.frames.motion import segment_flow
from sora.frames.spec import DescriptorSpec, InputSpec
from sora.frames.texture import num_texture_features

Window = tuple[float, float, float, float]  # left, top, right, bottom, as shares of the frame's sides

WHOLE: Window = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, eq=False)
class Places:
    """Where the input of the networks lies in the frames of one clip.

    Attributes:
        grid_cells: the frame is looked at in so many cells each way, G.
        windows: the part of the frame that each stream shows.
        descriptors: float32 (M, G * G), how much of each hand-made feature comes from each cell.
    """

    grid_cells: int
    windows: tuple[Window, ...]
    descriptors: np.ndarray


def places_in(clip: np.ndarray, spec: InputSpec, grid_cells: int) -> Places:
    """Return where the input of a clip, uint8 RGB (T * K, S, S, 3), lies in its frames."""
    moving = _moving_window(clip, spec) if "crop" in spec.streams.names else WHOLE
    windows = tuple(moving if name == "crop" else WHOLE for name in spec.streams.names)
    return Places(grid_cells, windows, descriptor_places(spec.descriptors, grid_cells))


def descriptor_places(spec: DescriptorSpec, grid_cells: int) -> np.ndarray:
    """Return how much of each column of ``describe`` comes from each cell of a frame, float32 (M, G * G)."""
    regions = coverage(spec.grid_cells, grid_cells)
    evenly = coverage(1, grid_cells)
    num_patterns = num_texture_features(1)
    rows = {
        "motion.flow": np.repeat(regions, spec.flow_bins, axis=0),
        "motion.compensated": np.repeat(regions, spec.flow_bins, axis=0),
        "motion.boundaries": np.tile(np.repeat(regions, spec.flow_bins, axis=0), (2, 1)),
        "texture": np.repeat(regions, num_patterns, axis=0),
    }
    blocks = [
        rows[name] if name in rows else np.repeat(evenly, columns.stop - columns.start, axis=0)
        for name, columns in descriptor_columns(spec).items()
    ]
    return np.concatenate([np.zeros((0, grid_cells**2), np.float32), *blocks])


def _moving_window(clip: np.ndarray, spec: InputSpec) -> Window:
    """Return the window of the stream crop, as ``sora.frames.streams`` cuts it out."""
    size = clip.shape[1]
    flow = segment_flow(by_segment(clip, spec.clip)[:, :2], spec.descriptors.flow_size_px)
    box = moving_box(flow.compensated, size, size, spec.streams.crop_share)
    left, top, right, bottom = (edge / size for edge in box)
    return left, top, right, bottom
