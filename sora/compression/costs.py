"""Time and memory of candidates on this machine."""

import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sora.compression.building import Candidate
from sora.compression.figures import Costs
from sora.compression.latency import durations
from sora.compression.memory import peak_memory_bytes
from sora.frames.inputs import NetworkInput
from sora.runtimes import Backbone, Head, load_backbone, load_head, segment_features

BATCH_SIZES = (1, 8)


def measure_costs(
    candidates: Sequence[Candidate], given: NetworkInput, num_rounds: int, *, whole_clips: bool
) -> list[Costs]:
    """Measure all candidates on the input of one video, in turn, each on one thread.

    Args:
        candidates: with distinct names.
        given: the input.
        num_rounds: how often each call is timed.
        whole_clips: whether backbones take all images of a clip at a time, so that there are no batches.
    """
    names = [candidate.variant.name for candidate in candidates]
    backbones = [load_backbone(candidate.backbone) for candidate in candidates]
    heads = [load_head(candidate.head) for candidate in candidates]
    videos = {
        name: functools.partial(_answer, given, backbone, head)
        for name, backbone, head in zip(names, backbones, heads, strict=True)
    }
    video_times = durations(videos, num_rounds)
    batch_times = {
        size: durations(
            {n: functools.partial(b, _images(given, size)) for n, b in zip(names, backbones, strict=True)},
            num_rounds,
        )
        for size in (() if whole_clips else BATCH_SIZES)
    }
    peaks = _peaks(candidates, given)
    return [
        Costs(video_times[name], {size: times[name] for size, times in batch_times.items()}, peak)
        for name, peak in zip(names, peaks, strict=True)
    ]


def _answer(given: NetworkInput, backbone: Backbone, head: Head) -> object:
    return head(segment_features(given, backbone))


def _images(given: NetworkInput, size: int) -> np.ndarray:
    """Return ``size`` images of a video, float32 (size, S, S, 3)."""
    images = given.images.reshape(-1, *given.images.shape[2:])
    return np.resize(images, (size, *images.shape[1:]))


def _peaks(candidates: Sequence[Candidate], given: NetworkInput) -> list[int]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "video.npz"
        np.savez(file, images=given.images, descriptors=given.descriptors)
        return [peak_memory_bytes(c.backbone, c.head, file) for c in candidates]
