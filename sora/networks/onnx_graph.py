"""An ONNX graph as it grows from the layers of a Keras network."""

import re
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from sora.errors import SoraError
from sora.runtimes import WHOLE_CLIP

CHANNELS_FIRST, CHANNELS_LAST = (0, 3, 1, 2), (0, 2, 3, 1)


class Graph:
    """The nodes and constants so far, and the ONNX name of each Keras tensor that they compute.

    Attributes:
        normalizations: the batch normalisation to fold into the convolution of each name.
    """

    def __init__(self, model: keras.Model, normalizations: dict[str, keras.Layer]) -> None:
        self.normalizations = normalizations
        self._model = model
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._tensors: dict[int, str] = {}
        self._layer_names = _stable_names(model)

    def name(self, layer: keras.Layer) -> str:
        """Give the layer's name in the graph, the same for every build of the network."""
        return self._layer_names[layer.name]

    def output_name(self, layer: keras.Layer) -> str:
        """Keep the plain names for what may leave the graph: vectors, and maps after their transposition."""
        return f"{self.name(layer)}.nchw" if len(layer.output.shape) == 4 else self.name(layer)

    def inputs(self, layer: keras.Layer) -> list[str]:
        """Name the tensors that the layer takes."""
        tensors = keras.tree.flatten(layer.input)
        # A layer used twice has tensors of its own that no layer here calls its output.
        require(layer, all(id(tensor) in self._tensors for tensor in tensors), "follows a layer used twice")
        return [self._tensors[id(tensor)] for tensor in tensors]

    def computes(self, layer: keras.Layer, name: str) -> None:
        """Note that the tensor ``name`` is the layer's output."""
        self._tensors[id(layer.output)] = name

    def node(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """Append a node with one output, and return the name of that output, which is the node's too."""
        self._nodes.append(helper.make_node(operator, inputs, [output], output, **attributes))
        return output

    def constant(self, name: str, array: np.ndarray) -> str:
        """Append a constant and return its name."""
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def finished(self) -> onnx.GraphProto:
        """Give the graph of all the layers added."""
        ends = zip(self._model.output_names, self._model.outputs, strict=True)
        outputs = [self._output(name, tensor) for name, tensor in ends]
        inputs = [self._value_info(tensor.name, tensor) for tensor in self._model.inputs]
        return helper.make_graph(self._nodes, self._model.name, inputs, outputs, self._constants)

    def _output(self, name: str, tensor: keras.KerasTensor) -> onnx.ValueInfoProto:
        computed = self._tensors[id(tensor)]
        if len(tensor.shape) == 4:
            self.node("Transpose", [computed], name, perm=CHANNELS_LAST)
        elif computed != name:
            self.node("Identity", [computed], name)
        return self._value_info(name, tensor)

    def _value_info(self, name: str, tensor: keras.KerasTensor) -> onnx.ValueInfoProto:
        looks_at_time = any(hasattr(layer, "num_frames") for layer in self._model.operations)
        axis = WHOLE_CLIP if looks_at_time else "batch"
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [axis, *tensor.shape[1:]])


def require(layer: keras.Layer, condition: bool, fault: str) -> None:
    """Refuse a layer that the writer does not know.

    Raises:
        SoraError: the condition does not hold.
    """
    if not condition:
        raise SoraError(f"ONNX export: layer {layer.name} {fault}, which this writer does not know")


def _stable_names(model: keras.Model) -> dict[str, str]:
    """Count layers that Keras named by itself from 0, for its own count goes on from network to network."""
    names: dict[str, str] = {}
    counts: dict[str, int] = {}
    for layer in model.operations:
        kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(layer).__name__).lower()
        names[layer.name] = layer.name
        if re.fullmatch(rf"{kind}(_\d+)?", layer.name) and type(layer) is not keras.layers.InputLayer:
            names[layer.name] = f"{kind}_{counts.setdefault(kind, 0)}"
            counts[kind] += 1
    return names
