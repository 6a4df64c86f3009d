"""Hand-made features of each segment of a clip: motion, colour and texture, in named blocks of columns."""

from collections.abc import Callable
from itertools import accumulate

import cv2
import numpy as np

from sora.frames import colour, motion, texture
from sora.frames.motion import Flow, direction_histogram
from sora.frames.spec import DescriptorSpec

VERSIONS = {"colour": colour.VERSION, "motion": motion.VERSION, "texture": texture.VERSION}
NEED_FLOW = frozenset({"motion.flow", "motion.compensated", "motion.boundaries"})


def descriptor_columns(spec: DescriptorSpec) -> dict[str, slice]:
    """Name the columns of ``describe``, in the order of ``spec.names``."""
    cells = spec.grid_cells**2
    sizes = {
        "motion.flow": cells * spec.flow_bins,
        "motion.compensated": cells * spec.flow_bins,
        "motion.boundaries": 2 * cells * spec.flow_bins,
        "colour": colour.num_colour_features(spec.colour_bins),
        "texture": texture.num_texture_features(spec.grid_cells),
    }
    ends = [0, *accumulate(sizes[name] for name in spec.names)]
    return {name: slice(*ends[i : i + 2]) for i, name in enumerate(spec.names)}


def describe(frames: np.ndarray, flow: Flow, spec: DescriptorSpec) -> np.ndarray:
    """Return the descriptors of every segment, float32 (T, M).

    Args:
        frames: uint8 RGB (T, H, W, 3), the first frame of each segment.
        flow: of each segment; looked at by the blocks in ``NEED_FLOW`` only.
        spec: which descriptors, and their sizes.
    """
    blocks = [_DESCRIBE[name](frames, flow, spec) for name in spec.names]
    return np.concatenate([np.zeros((len(frames), 0), np.float32), *blocks], axis=1)


def motion_boundaries(flow: np.ndarray, grid_cells: int, num_bins: int) -> np.ndarray:
    """Return where flow, float32 (S, S, 2), changes: float32 (2 * grid_cells**2 * num_bins,).

    Histograms of the gradients of its two components, as of flow itself; a camera that pans leaves none
    (Dalal, Triggs and Schmid, "Human detection using oriented histograms of flow and appearance", 2006).
    """
    histograms = []
    for component in cv2.split(flow):
        gradient = [cv2.Sobel(component, cv2.CV_32F, x, 1 - x, ksize=3, scale=1 / 8) for x in (1, 0)]
        histograms.append(direction_histogram(np.stack(gradient, axis=-1), grid_cells, num_bins))
    return np.concatenate(histograms)


_Describe = Callable[[np.ndarray, Flow, DescriptorSpec], np.ndarray]
_DESCRIBE: dict[str, _Describe] = {
    "motion.flow": lambda _, flow, s: _each(flow.raw, direction_histogram, s.grid_cells, s.flow_bins),
    "motion.compensated": lambda _, flow, s: _each(
        flow.compensated, direction_histogram, s.grid_cells, s.flow_bins
    ),
    "motion.boundaries": lambda _, flow, s: _each(flow.raw, motion_boundaries, s.grid_cells, s.flow_bins),
    "colour": lambda frames, _, s: _each(frames, colour.colour_features, s.colour_bins),
    "texture": lambda frames, _, s: _each(frames, texture.texture_features, s.grid_cells),
}


def _each(items: np.ndarray, function: Callable[..., np.ndarray], *sizes: int) -> np.ndarray:
    return np.stack([function(item, *sizes) for item in items])
