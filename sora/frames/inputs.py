"""From the frames of a video to network input: the one way, in training and serving alike."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sora.frames.cleaning import denoise, well_exposed
from sora.frames.motion import flow_histograms
from sora.frames.sampling import segment_indices, spread_over
from sora.frames.spec import ClipSpec, InputSpec


class NetworkInput(NamedTuple):
    """What the networks see of one video.

    Attributes:
        images: float32 (T, S, S, 3), RGB, normalised as the InputSpec says.
        motion: float32 (T, M), histograms of optical flow.
    """

    images: np.ndarray
    motion: np.ndarray


def choose_frames(times: np.ndarray, spec: ClipSpec) -> Sequence[int]:
    """Return the indices of the frames, shown at ``times``, that a video's clip is made of."""
    fps = (len(times) - 1) / times[-1] if len(times) > 1 else 0.0
    return segment_indices(
        len(times), fps, spec.num_segments, spec.frames_per_segment, spec.frame_interval_seconds
    )


def clean_clip(frames: np.ndarray, spec: ClipSpec) -> np.ndarray:
    """Clean the chosen frames, uint8 RGB (T * K, S, S, 3); returns uint8 RGB of the same shape.

    Badly exposed segments are left out and the others spread over their places.

    Raises:
        ValueError: no segment is well exposed.
    """
    segments = frames.reshape(spec.num_segments, spec.frames_per_segment, *frames.shape[1:])
    good = well_exposed(segments[:, 0], spec.min_brightness, spec.max_brightness)
    if not good.any():
        raise ValueError(
            f"none of the {spec.num_segments} frames looked at has a brightness between "
            f"{spec.min_brightness} and {spec.max_brightness}"
        )
    kept = segments[spread_over(np.flatnonzero(good), spec.num_segments)]
    return denoise(kept.reshape(frames.shape), spec.denoise, spec.denoise_kernel_px)


def network_input(clip: np.ndarray, spec: InputSpec) -> NetworkInput:
    """Turn a clean clip, uint8 RGB (T * K, S, S, 3), into what the networks see."""
    shape = (spec.clip.num_segments, spec.clip.frames_per_segment)
    segments = clip.reshape(*shape, *clip.shape[1:])
    images = (segments[:, 0].astype(np.float32) - spec.pixel_mean) / spec.pixel_scale
    motion = flow_histograms(
        segments[:, [0, -1]], spec.motion.flow_size_px, spec.motion.grid_cells, spec.motion.num_bins
    )
    return NetworkInput(images.astype(np.float32), motion)
