"""Clips whose label is the stripes of one square, and a small real model of them, without Keras."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from clip_specs import clip_spec, input_spec
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression

from sora.frames.inputs import network_input
from sora.runtimes import Head, load_backbone, segment_features

SPEC = input_spec(clip_spec(), descriptors="")
GRID_CELLS, SIZE_PX, NUM_FEATURES = 4, 64, 8
LABELS = ("upright", "level")


@dataclass(frozen=True, eq=False)
class Planted:
    """A clip, uint8 RGB (T * K, S, S, 3), the place of its label, and where its square is."""

    clip: np.ndarray
    label: int
    moment: int
    row: int
    column: int


def planted(seed: int) -> Planted:
    """Draw noise with upright or level stripes, which fill one cell of the grid at one moment."""
    rng = np.random.default_rng(seed)
    label, (moment, row, column) = seed % 2, rng.integers(0, 4, 3).tolist()
    clip = rng.integers(118, 133, (SPEC.clip.num_frames, SIZE_PX, SIZE_PX, 3)).astype(np.uint8)
    side, count = SIZE_PX // GRID_CELLS, SPEC.clip.frames_per_segment
    stripes = np.where(np.arange(side) % 4 < 2, 30, 220)[None, :, None].repeat(side, axis=0)
    place = (slice(row * side, (row + 1) * side), slice(column * side, (column + 1) * side))
    clip[(slice(moment * count, (moment + 1) * count), *place)] = (
        stripes if label == 0 else stripes.swapaxes(0, 1)
    )
    return Planted(clip, label, moment, row, column)


def write_backbone(path: Path) -> Path:
    """Write a convolution with random weights and the mean of its map, images (N, S, S, 3) to (N, 8)."""
    rng = np.random.default_rng(0)
    kernel = rng.normal(0, 0.3, (NUM_FEATURES, 3, 4, 4)).astype(np.float32)
    nodes = [
        helper.make_node("Transpose", ["images"], ["nchw"], perm=(0, 3, 1, 2)),
        helper.make_node("Conv", ["nchw", "kernel"], ["map"], strides=(4, 4)),
        helper.make_node("Relu", ["map"], ["relu"]),
        helper.make_node("GlobalAveragePool", ["relu"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["features"]),
    ]
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", SIZE_PX, SIZE_PX, 3])
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", NUM_FEATURES])
    weights = [numpy_helper.from_array(kernel, "kernel")]
    graph = helper.make_graph(nodes, "small", [images], [features], weights)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def fitted_weights(backbone: Path, num_clips: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Fit kernel (8, 2) and bias (2,) of a linear classifier of features averaged over time."""
    run = load_backbone(backbone)
    clips = [planted(1000 + i) for i in range(num_clips)]
    pooled = [segment_features(network_input(each.clip, SPEC), run).mean(axis=0) for each in clips]
    scale = np.std(pooled, axis=0)
    model = LogisticRegression(C=100, max_iter=1000).fit(pooled / scale, [each.label for each in clips])
    half = model.coef_[0] / scale / 2
    return np.stack([-half, half], axis=1), np.array([-1, 1]) * model.intercept_[0] / 2


def linear_head(kernel: np.ndarray, bias: np.ndarray) -> Head:
    """Give the softmax over features averaged over time, and no embedding."""

    def run(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits = features.mean(axis=0) @ kernel + bias
        odds = np.exp(logits - logits.max())
        return odds / odds.sum(), np.zeros(0)

    return run
