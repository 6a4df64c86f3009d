"""The candidates of compression as files."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sora.atomic import write_bytes
from sora.compression.onnx_quantization import to_onnx_int8
from sora.compression.quantization import to_litert
from sora.compression.variants import Precision, Pruning, Variant

if TYPE_CHECKING:
    import keras

# A head takes little time and many bytes: its weights are what counts. Features of many scales meet in its
# input, which ranges found on a few videos would not hold: dynamic ones fit each video.
_HEAD_PRECISION: Mapping[Precision, Precision] = {
    "float32": "float32",
    "float16": "float16",
    "dynamic": "dynamic",
    "int8": "dynamic",
}


@dataclass(frozen=True)
class Candidate:
    """The networks of a variant, as files.

    Attributes:
        variant: which.
        backbone: .onnx or .tflite.
        head: .tflite.
        judge: the head that has not seen the validation videos, to be tried on them, .tflite.
    """

    variant: Variant
    backbone: Path
    head: Path
    judge: Path

    @property
    def size_bytes(self) -> int:
        """Size of both files."""
        return self.backbone.stat().st_size + self.head.stat().st_size


def build_candidates(
    folder: Path,
    backbone: "keras.Model",
    head: "keras.Model",
    judge: "keras.Model",
    *,
    variants: Sequence[Variant],
    samples: Sequence[np.ndarray],
) -> list[Candidate]:
    """Write the networks of each variant into ``folder``.

    Args:
        folder: exists.
        backbone: images to features.
        head: features to probabilities and embedding.
        judge: the same, fitted without the validation videos; may be ``head``.
        variants: what to build.
        samples: images of training videos as the backbone takes them, float32 (B, S, S, 3); LiteRT files
            take B images at a time.
    """
    precisions = {_HEAD_PRECISION[variant.precision] for variant in variants}
    heads = _write_heads(folder, "head", head, precisions)
    judges = heads if judge is head else _write_heads(folder, "judge", judge, precisions)
    pruned = {pruning: _pruned(backbone, pruning, samples) for pruning in {v.pruning for v in variants}}
    candidates = []
    for variant in variants:
        path = folder / f"{variant.name}.{'onnx' if variant.runtime == 'onnx' else 'tflite'}"
        _write_backbone(path, pruned[variant.pruning], variant, samples)
        precision = _HEAD_PRECISION[variant.precision]
        candidates.append(Candidate(variant, path, heads[precision], judges[precision]))
    return candidates


def _write_heads(
    folder: Path, name: str, head: "keras.Model", precisions: Collection[Precision]
) -> dict[Precision, Path]:
    files = {precision: folder / f"{name}-{precision}.tflite" for precision in precisions}
    for precision, file in files.items():
        write_bytes(file, to_litert(head, precision))
    return files


def _pruned(network: "keras.Model", pruning: Pruning, samples: Sequence[np.ndarray]) -> "keras.Model":
    from sora.compression.channels import prune_channels
    from sora.compression.sparsity import prune_weights

    if pruning.channels:
        network = prune_channels(network, pruning.channels, np.concatenate(samples))
    return prune_weights(network, pruning.weights) if pruning.weights else network


def _write_backbone(
    path: Path, network: "keras.Model", variant: Variant, samples: Sequence[np.ndarray]
) -> None:
    from sora.networks.onnx_export import export_onnx

    if variant.runtime == "litert":
        write_bytes(path, to_litert(network, variant.precision, len(samples[0]), [[s] for s in samples]))
        return
    export_onnx(network, path)
    if variant.precision == "int8":
        write_bytes(path, to_onnx_int8(path, samples))
