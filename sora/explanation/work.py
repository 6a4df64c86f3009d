"""What child processes do for the stage explain, a video at a time; light to import, for every child pays."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sora.explanation.curves import VideoCurves, video_curves
from sora.explanation.explain import Explanation, explain, explain_by_pixels
from sora.explanation.filmstrip import film_strip
from sora.explanation.maps import SplitBackbone, split_backbone
from sora.explanation.regions import blurred, mixed
from sora.frames.inputs import by_segment, network_input
from sora.frames.spec import InputSpec
from sora.runtimes import Head, kept_backbone, kept_head, segment_features
from sora.video.write import read_clip


@dataclass(frozen=True)
class Asked:
    """What every video is explained with.

    Attributes:
        backbone: file of the network of single frames.
        head: .tflite file of the network over a whole video.
        spec: how a clip becomes network input.
        several_labels: whether the probabilities are independent.
        by_pixels: whether regions are hidden in the pixels, not in the maps of the backbone.
        grid_cells: cells of the frame each way.
        num_steps, num_random: of deletion and insertion.
        seed: of the random orders.
    """

    backbone: str
    head: str
    spec: InputSpec
    several_labels: bool
    by_pixels: bool
    grid_cells: int
    num_steps: int
    num_random: int
    seed: int


class Explained(NamedTuple):
    """One video's explanation, its film strip as JPEG, and how both kinds of parts stand the test."""

    explanation: Explanation
    strip: bytes
    region_curves: VideoCurves
    moment_curves: VideoCurves


def explain_video(item: tuple[str, Asked]) -> Explained:
    """Explain the answer to the clip of a video, a file."""
    path, asked = item
    clip = read_clip(Path(path), asked.spec.clip.num_frames)
    found = _explanation(clip, asked)
    frames = by_segment(clip, asked.spec.clip)[:, 0]
    moments, cells = found.importance
    seed = [asked.seed, *Path(path).stem.encode()]  # the name tells the content: other orders for each video
    return Explained(
        found,
        film_strip(frames, cells, moments),
        _region_curves(clip, found, asked, seed),
        _moment_curves(found, asked, seed),
    )


def _explanation(clip: np.ndarray, asked: Asked) -> Explanation:
    several, size, head = asked.several_labels, asked.grid_cells, kept_head(Path(asked.head))
    if asked.by_pixels:
        network = kept_backbone(Path(asked.backbone))
        return explain_by_pixels(clip, asked.spec, network, head, several_labels=several, grid_cells=size)
    halves = _kept_halves(asked.backbone)
    return explain(clip, asked.spec, halves, head, several_labels=several, grid_cells=size)


def _region_curves(clip: np.ndarray, found: Explanation, asked: Asked, seed: Sequence[int]) -> VideoCurves:
    """Hide cells in the pixels, and go the whole way of serving."""
    backbone, head = kept_backbone(Path(asked.backbone)), kept_head(Path(asked.head))
    filled, cells = blurred(clip), found.importance.cells

    def probability(kept: np.ndarray) -> float:
        given = network_input(mixed(clip, filled, kept.reshape(cells.shape)), asked.spec)
        return float(head(segment_features(given, backbone))[0][found.label])

    return video_curves(
        cells,
        probability,
        _ends(found, head),
        num_steps=asked.num_steps,
        num_random=asked.num_random,
        seed=seed,
    )


def _moment_curves(found: Explanation, asked: Asked, seed: Sequence[int]) -> VideoCurves:
    """Hide whole moments: give the head the features of the blurred clip in their place."""
    head = kept_head(Path(asked.head))

    def probability(kept: np.ndarray) -> float:
        return float(head(np.where(kept[:, None], found.clean, found.filled))[0][found.label])

    return video_curves(
        found.importance.moments,
        probability,
        _ends(found, head),
        num_steps=min(asked.num_steps, len(found.clean)),
        num_random=asked.num_random,
        seed=seed,
    )


def _ends(found: Explanation, head: Head) -> tuple[float, float]:
    """Return the probability of the label where all is shown, and where nothing is."""
    return found.probability, float(head(found.filled)[0][found.label])


@functools.lru_cache(maxsize=1)
def _kept_halves(path: str) -> SplitBackbone:
    return split_backbone(Path(path))
