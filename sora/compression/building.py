"""The candidates of compression as files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sora.atomic import write_bytes
from sora.compression.onnx_quantization import to_onnx_int8
from sora.compression.quantization import to_litert
from sora.compression.variants import Precision, Variant

if TYPE_CHECKING:
    import keras

# A head is small in time and large in bytes. Features of many scales meet in its input, which eight bits
# cannot hold: its activations stay float32, whatever those of the backbone are.
_HEAD_PRECISION: Mapping[Precision, Precision] = {
    "float32": "float32",
    "float16": "float16",
    "dynamic": "dynamic",
    "int8": "dynamic",
}


@dataclass(frozen=True)
class Candidate:
    """Both networks of a variant, as files: .onnx or .tflite, and .tflite."""

    variant: Variant
    backbone: Path
    head: Path

    @property
    def size_bytes(self) -> int:
        """Size of both files."""
        return self.backbone.stat().st_size + self.head.stat().st_size


def build_candidates(
    folder: Path,
    backbone: "keras.Model",
    head: "keras.Model",
    variants: Sequence[Variant],
    samples: Sequence[np.ndarray],
) -> list[Candidate]:
    """Write the networks of each variant into ``folder``.

    Args:
        folder: exists.
        backbone: images to features.
        head: features to probabilities and embedding.
        variants: what to build.
        samples: images of training videos as the backbone takes them, float32 (B, S, S, 3); LiteRT files
            take B images at a time.
    """
    heads = {precision: folder / f"head-{precision}.tflite" for precision in {*_HEAD_PRECISION.values()}}
    for precision in {_HEAD_PRECISION[variant.precision] for variant in variants}:
        write_bytes(heads[precision], to_litert(head, precision))
    candidates = []
    for variant in variants:
        path = folder / f"{variant.name}.{'onnx' if variant.runtime == 'onnx' else 'tflite'}"
        _write_backbone(path, backbone, variant, samples)
        candidates.append(Candidate(variant, path, heads[_HEAD_PRECISION[variant.precision]]))
    return candidates


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
