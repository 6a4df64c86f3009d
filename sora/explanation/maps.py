"""A backbone cut in two at the maps that it pools into features."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from sora.errors import SoraError
from sora.runtimes import onnx_session

if TYPE_CHECKING:
    import onnx

Maps: TypeAlias = tuple[np.ndarray, ...]  # each float32 (N, C, H, W), the same N images in all

_POOLS = {"GlobalAveragePool", "GlobalMaxPool", "AveragePool", "MaxPool"}


@dataclass(frozen=True, eq=False)
class SplitBackbone:
    """The two halves of a network of single frames; one after the other they are the network.

    Attributes:
        maps: takes normalised RGB images, float32 (N, S, S, 3), and gives every map that is pooled, deepest
            and shallower ones alike.
        features: takes these maps and gives features, float32 (N, F).
    """

    maps: Callable[[np.ndarray], Maps]
    features: Callable[[Maps], np.ndarray]


def split_backbone(path: Path) -> SplitBackbone:
    """Load an .onnx backbone in two halves, on one thread.

    Raises:
        SoraError: it is no .onnx file, it cannot be read, or it pools no map.
    """
    import onnx
    from google.protobuf.message import DecodeError

    if path.suffix != ".onnx":
        raise SoraError(f"{path}: maps can be taken from an .onnx backbone alone; explain it by its pixels")
    try:
        model = onnx.shape_inference.infer_shapes(onnx.load(path))
    except (OSError, DecodeError) as error:
        raise SoraError(f"{path}: cannot be read as ONNX ({error}); run the pipeline again") from error
    cuts = _pooled_maps(model.graph)
    if not cuts:
        raise SoraError(f"{path}: pools no map into features; explain it by its pixels")
    whole = onnx.utils.Extractor(model)
    images = [given.name for given in model.graph.input]
    first, second = (
        onnx_session(whole.extract_model(*ends).SerializeToString())
        for ends in ((images, cuts), (cuts, [given.name for given in model.graph.output]))
    )
    return SplitBackbone(
        lambda pixels: tuple(first.run(cuts, {images[0]: pixels})),
        lambda maps: second.run(None, dict(zip(cuts, maps, strict=True)))[0],
    )


def _pooled_maps(graph: "onnx.GraphProto") -> list[str]:
    """Name what is pooled for the last time: no convolution comes after the pool."""
    return sorted({node.input[0] for node in _behind_convolutions(graph.node) if node.op_type in _POOLS})


def _behind_convolutions(nodes: Iterable["onnx.NodeProto"]) -> list["onnx.NodeProto"]:
    """Return the nodes from which no convolution, and no other pool, is reached."""
    lead_on: set[str] = set()  # tensors that do reach one
    found = []
    for node in reversed(list(nodes)):  # they stand in the order of computation
        if not lead_on.isdisjoint(node.output):
            lead_on.update(node.input)
            continue
        found.append(node)
        if node.op_type == "Conv" or node.op_type in _POOLS:
            lead_on.update(node.input)
    return found
