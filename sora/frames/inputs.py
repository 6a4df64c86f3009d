"""From the frames of a video to network input: the one way, in training and serving alike."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sora.errors import SoraError, VideoError
from sora.frames import (
    background,
    denoising,
    descriptors,
    exposure,
    geometry,
    light,
    sampling,
    selection,
    streams,
    survey,
)
from sora.frames.descriptors import describe
from sora.frames.motion import Flow, segment_flow
from sora.frames.spec import ClipSpec, InputSpec
from sora.frames.streams import stream_images

CLIP_VERSIONS = {
    module.__name__.rpartition(".")[2]: module.VERSION
    for module in (background, denoising, exposure, geometry, light, sampling, selection, survey)
}
FEATURE_VERSIONS = {**descriptors.VERSIONS, "streams": streams.VERSION}
_BARS_LEAVE_SHARE = 0.5  # of the shorter side, where black bars are to be cut off


class NetworkInput(NamedTuple):
    """What the networks see of one video.

    Attributes:
        images: float32 (R, T, S, S, 3), of each stream, RGB, normalised as the InputSpec says.
        descriptors: float32 (T, M), hand-made features.
    """

    images: np.ndarray
    descriptors: np.ndarray


def choose_frames(times: np.ndarray, spec: ClipSpec, reasons: np.ndarray | None = None) -> Sequence[int]:
    """Return the indices of the frames that a video's clip is made of.

    Args:
        times: float (N,), seconds from the first frame.
        spec: how many frames, and how far apart.
        reasons: str (N,), why a frame may not be chosen (``selection.drop_reasons``), empty where it may.
            The others are played without the gaps.

    Raises:
        VideoError: no frame may be chosen.
    """
    shape = (spec.num_segments, spec.frames_per_segment, spec.frame_interval_seconds)
    if reasons is None:
        return sampling.segment_indices(times, *shape)
    kept = reasons == ""
    if not kept.any():
        dropped = selection.describe_reasons(reasons)
        raise VideoError(f"none of its {len(times)} frames is fit for use ({dropped})")
    playing = sampling.close_gaps(times, kept, reasons == selection.DUPLICATE)
    return [int(i) for i in playing.frames[sampling.segment_indices(playing.times, *shape, playing.runs)]]


def decoded_size(width: int, height: int, spec: ClipSpec) -> tuple[int, int]:
    """Return the width and height to decode to, of a video shown at ``width`` x ``height``.

    The decoder makes the final size where nothing is cut away. Else the shape stays, and what is cut out
    has ``image_size_px`` as its shorter side, as far as the video has so many pixels.
    """
    size, crop = spec.image_size_px, spec.crop
    if crop.keeps_all and spec.fit == "stretch":
        return size, size
    if crop.keeps_all:
        return geometry.scaled_size(width, height, size, inside=spec.fit == "letterbox")
    kept = min(crop.right - crop.left, crop.bottom - crop.top) * crop.motion_share
    wanted = size / (kept * (_BARS_LEAVE_SHARE if crop.black_bar_level else 1))
    return geometry.scaled_size(width, height, round(min(wanted, width, height)), inside=False)


def clean_clip(frames: np.ndarray, spec: ClipSpec) -> np.ndarray:
    """Clean the chosen frames, uint8 RGB (T * K, H, W, 3); returns uint8 RGB (T * K, S, S, 3).

    Badly exposed segments are left out and the others spread over their places.

    Raises:
        VideoError: no segment is well exposed.
    """
    squares = geometry.fit_square(_cropped(frames, spec), spec.image_size_px, spec.fit)
    exposed = _well_exposed_moments(squares, spec)
    quiet = denoising.denoise(exposed, spec.denoise.method, spec.denoise.kernel_px, spec.denoise.strength)
    balanced = light.balance_grey_world(quiet, spec.light.grey_world)
    bright = light.correct_gamma(balanced, spec.light.gamma)
    clear = light.equalise_locally(bright, spec.light.clahe_clip_limit)
    if not spec.background.remove:
        return clear
    return background.remove_background(clear, spec.background.fill_level, spec.background.var_threshold)


def network_input(clip: np.ndarray, spec: InputSpec) -> NetworkInput:
    """Turn a clean clip, uint8 RGB (T * K, S, S, 3), into what the networks see."""
    segments = by_segment(clip, spec.clip)
    flow = _flow(segments, spec)
    images = stream_images(segments, flow, spec.streams)
    images -= np.float32(spec.pixel_mean)
    images /= np.float32(spec.pixel_scale)
    return NetworkInput(images, describe(segments[:, 0], flow, spec.descriptors))


def one_segment(spec: InputSpec) -> InputSpec:
    """Return the specification by which segments are made ready one at a time, as a camera gives them.

    ``clean_clip`` and ``network_input`` give with it for each segment what they give for it within the clip,
    but that a badly exposed segment is a VideoError, for none can take its place.

    Raises:
        SoraError: what becomes of a segment depends on the others too.
    """
    clip = spec.clip
    across = {
        "preprocess.selection": clip.selection.looks_at_every_frame,
        "preprocess.crop.black_bar_level": clip.crop.black_bar_level > 0,
        "preprocess.crop.motion_share": clip.crop.motion_share < 1,
        "preprocess.light.grey_world": clip.light.grey_world > 0,
        "preprocess.background.remove": clip.background.remove,
        "extract.streams crop": "crop" in spec.streams.names,
        "train.network": not spec.backbone_blocks,  # trained from clips, which it may look at as a whole
    }
    if any(across.values()):
        named = ", ".join(name for name, is_so in across.items() if is_so)
        raise SoraError(f"segments cannot be taken one by one because of {named}")
    return replace(spec, clip=replace(clip, num_segments=1))


def by_segment(clip: np.ndarray, spec: ClipSpec) -> np.ndarray:
    """Return frames (T * K, ...) as (T, K, ...)."""
    return clip.reshape(spec.num_segments, spec.frames_per_segment, *clip.shape[1:])


def _flow(segments: np.ndarray, spec: InputSpec) -> Flow:
    """Return the flow from the first to the second frame of each segment, or none where nobody looks."""
    asked = (descriptors.NEED_FLOW & {*spec.descriptors.names}) | (streams.NEED_FLOW & {*spec.streams.names})
    pairs = segments[:, :2] if asked else segments[:0, :2]
    return segment_flow(pairs, spec.descriptors.flow_size_px)


def _cropped(frames: np.ndarray, spec: ClipSpec) -> np.ndarray:
    part = spec.crop
    if part.keeps_all:
        return frames
    height, width = frames.shape[1:3]
    box = geometry.region_box(width, height, part.region)
    frames = geometry.crop(frames, box)
    frames = geometry.crop(frames, geometry.picture_box(frames, part.black_bar_level))
    if part.motion_share == 1:
        return frames
    pairs = by_segment(frames, spec)[:, [0, -1]]
    return geometry.crop(frames, geometry.motion_box(pairs, part.motion_share))


def _well_exposed_moments(frames: np.ndarray, spec: ClipSpec) -> np.ndarray:
    segments, bounds = by_segment(frames, spec), spec.selection
    good = exposure.well_exposed(segments[:, 0], bounds.min_brightness, bounds.max_brightness)
    if not good.any():
        raise VideoError(
            f"none of the {spec.num_segments} frames looked at has a brightness between "
            f"{bounds.min_brightness} and {bounds.max_brightness}"
        )
    kept = sampling.spread_over(np.flatnonzero(good), spec.num_segments)
    return segments[kept].reshape(frames.shape)
