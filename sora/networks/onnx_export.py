"""Write a Keras network as an ONNX graph that ONNX Runtime runs fast, with the same bytes every time.

The graph is written here and not by tf2onnx (``model.export``). That was tried with TensorFlow 2.21: its
names come from a counter, so that two exports differ; the batch normalisations of depthwise convolutions stay
as Mul and Add; it takes 5 to 7 s, and logs. The speed is equal. Only the layers that Sora's networks use are
known here.

Maps are (N, C, H, W) inside the graph, as ONNX defines its operators, and (N, H, W, C) at its ends, as in
Keras.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
from keras import layers
from onnx import TensorProto, helper, numpy_helper

from sora import atomic
from sora.errors import SoraError

_OPSET = 17
_IR_VERSION = 8  # the file format that came with opset 17
_CHANNELS_FIRST, _CHANNELS_LAST = (0, 3, 1, 2), (0, 2, 3, 1)


def export_onnx(model: keras.Model, path: str | Path) -> None:
    """Write a functional model as an ONNX file, atomically; the same model always gives the same bytes.

    Inputs and outputs are float32 with Keras' axes and a free first axis ``batch``; they bear the names of
    the Keras layers that they come from. Batch normalisation takes its inference form, and is folded into the
    convolution before it.

    Raises:
        SoraError: a layer, or an option of a layer, that this writer does not know.
    """
    graph = _Graph(model)
    for layer in model.operations:
        graph.add(layer)
    exported = helper.make_model(
        graph.finished(),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="sora",
    )
    onnx.checker.check_model(exported, full_check=True)
    atomic.write_bytes(Path(path), exported.SerializeToString(deterministic=True))


class _Graph:
    """The nodes and constants so far, and the ONNX name of each Keras tensor that they compute."""

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._names: dict[int, str] = {}
        self.normalizations = _foldable_normalizations(model)

    def add(self, layer: keras.Layer) -> None:
        _require(layer, type(layer) in _WRITERS, f"is a {type(layer).__name__}")
        tensors = keras.tree.flatten(layer.input)
        # A layer used twice has tensors of its own that no layer here calls its output.
        _require(layer, all(id(tensor) in self._names for tensor in tensors), "follows a layer used twice")
        inputs = [self._names[id(tensor)] for tensor in tensors]
        self._names[id(layer.output)] = _WRITERS[type(layer)](self, layer, inputs)

    def node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
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
        inputs = [_value_info(tensor.name, tensor) for tensor in self._model.inputs]
        return helper.make_graph(self._nodes, self._model.name, inputs, outputs, self._constants)

    def _output(self, name: str, tensor: keras.KerasTensor) -> onnx.ValueInfoProto:
        if len(tensor.shape) == 4:
            self.node("Transpose", [self._names[id(tensor)]], name, perm=_CHANNELS_LAST)
        return _value_info(name, tensor)


def _foldable_normalizations(model: keras.Model) -> dict[str, keras.Layer]:
    """Map the name of each convolution before a batch normalisation to that layer."""
    producers = {id(layer.output): layer for layer in model.operations}
    consumed = [tensor for layer in model.operations for tensor in keras.tree.flatten(layer.input)]
    num_uses = Counter(id(tensor) for tensor in consumed + model.outputs)
    normalizations = {}
    for layer in model.operations:
        if type(layer) is layers.BatchNormalization:
            producer = producers[id(layer.input)]
            follows = type(producer) in (layers.Conv2D, layers.DepthwiseConv2D)
            _require(
                layer, follows and num_uses[id(layer.input)] == 1, "has no convolution of its own before it"
            )
            normalizations[producer.name] = layer
    return normalizations


def _value_info(name: str, tensor: keras.KerasTensor) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *tensor.shape[1:]])


def _output_name(layer: keras.Layer) -> str:
    """Keep the plain names for what leaves the graph: vectors, and maps after their transposition."""
    return f"{layer.name}.nchw" if len(layer.output.shape) == 4 else layer.name


def _require(layer: keras.Layer, condition: bool, fault: str) -> None:
    if not condition:
        raise SoraError(f"ONNX export: layer {layer.name} {fault}, which this writer does not know")


def _write_input(graph: _Graph, layer: keras.Layer, inputs: list[str]) -> str:
    if len(layer.output.shape) != 4:
        return layer.name
    return graph.node("Transpose", [layer.name], _output_name(layer), perm=_CHANNELS_FIRST)


def _write_convolution(graph: _Graph, layer: keras.Layer, inputs: list[str]) -> str:
    is_depthwise = isinstance(layer, layers.DepthwiseConv2D)
    plain = layer.activation is keras.activations.linear and layer.data_format == "channels_last"
    _require(
        layer, plain and tuple(layer.dilation_rate) == (1, 1), "has an activation, dilation or channels first"
    )
    _require(layer, layer.depth_multiplier == 1 if is_depthwise else layer.groups == 1, "has groups")
    # Keras has (rows, columns, inputs, outputs), ONNX (outputs, inputs of a group, rows, columns).
    kernel = np.asarray(layer.kernel).transpose((2, 3, 0, 1) if is_depthwise else (3, 2, 0, 1))
    bias = np.asarray(layer.bias) if layer.use_bias else np.zeros(len(kernel))
    if layer.name in graph.normalizations:
        kernel, bias = _folded(kernel, bias, graph.normalizations[layer.name])
    weights = [
        graph.constant(f"{layer.name}.kernel", kernel.astype(np.float32)),
        graph.constant(f"{layer.name}.bias", bias.astype(np.float32)),
    ]
    return graph.node(
        "Conv",
        [*inputs, *weights],
        _output_name(layer),
        group=len(kernel) if is_depthwise else 1,
        kernel_shape=kernel.shape[2:],
        pads=_pads(layer),
        strides=layer.strides,
    )


def _folded(
    kernel: np.ndarray, bias: np.ndarray, normalization: keras.Layer
) -> tuple[np.ndarray, np.ndarray]:
    """Merge y = (x - mean) / sqrt(variance + epsilon) * gamma + beta into the convolution, in float64."""
    options = normalization.scale and normalization.center and normalization.axis in (-1, 3)
    _require(normalization, options, "has no scale, no centre or another axis")
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    gamma, beta, mean, variance = (np.asarray(getattr(normalization, name), np.float64) for name in names)
    factor = gamma / np.sqrt(variance + normalization.epsilon)
    return kernel * factor[:, None, None, None], (bias - mean) * factor + beta


def _pads(layer: keras.Layer) -> list[int]:
    """Give rows before, columns before, rows after, columns after; TensorFlow puts the odd one after."""
    sizes = zip(layer.input.shape[1:3], layer.kernel_size, layer.strides, strict=True)
    if layer.padding == "valid":
        return [0, 0, 0, 0]
    totals = [max((-(-size // stride) - 1) * stride + kernel - size, 0) for size, kernel, stride in sizes]
    return [total // 2 for total in totals] + [total - total // 2 for total in totals]


def _write_normalization(graph: _Graph, layer: keras.Layer, inputs: list[str]) -> str:
    return inputs[0]  # folded into the convolution that gives this input


def _write_relu(graph: _Graph, layer: keras.Layer, inputs: list[str]) -> str:
    bounded = layer.max_value is not None and layer.negative_slope == 0 and layer.threshold == 0
    _require(layer, bounded, "has a slope, a threshold or no maximum")
    bounds = [
        graph.constant(f"{layer.name}.{end}", np.asarray(value, np.float32))
        for end, value in (("min", 0.0), ("max", layer.max_value))
    ]
    return graph.node("Clip", [*inputs, *bounds], _output_name(layer))


def _write_sum(graph: _Graph, layer: keras.Layer, inputs: list[str]) -> str:
    shapes = {tuple(tensor.shape) for tensor in layer.input}
    _require(layer, len(inputs) == 2 and len(shapes) == 1, "does not add two tensors of one shape")
    return graph.node("Add", inputs, _output_name(layer))


def _write_mean(graph: _Graph, layer: keras.Layer, inputs: list[str]) -> str:
    _require(layer, layer.data_format == "channels_last" and not layer.keepdims, "keeps its axes")
    mean = graph.node("GlobalAveragePool", inputs, f"{layer.name}.nchw")
    return graph.node("Flatten", [mean], _output_name(layer))


def _write_window_means(graph: _Graph, layer: keras.Layer, inputs: list[str]) -> str:
    plain = layer.padding == "valid" and layer.data_format == "channels_last"
    _require(layer, plain, "has padding or channels first")
    output = _output_name(layer)
    return graph.node("AveragePool", inputs, output, kernel_shape=layer.pool_size, strides=layer.strides)


def _write_reshape(graph: _Graph, layer: keras.Layer, inputs: list[str]) -> str:
    flattens = len(layer.input.shape) == 4 and len(layer.output.shape) == 2
    _require(layer, flattens, "does not turn a map into a vector")
    channels_last = graph.node("Transpose", inputs, f"{layer.name}.nhwc", perm=_CHANNELS_LAST)
    return graph.node("Flatten", [channels_last], _output_name(layer))


def _write_concatenation(graph: _Graph, layer: keras.Layer, inputs: list[str]) -> str:
    num_axes = len(layer.output.shape)
    _require(layer, layer.axis in (-1, num_axes - 1), "does not join channels")
    return graph.node("Concat", inputs, _output_name(layer), axis=1)


def _write_dense(graph: _Graph, layer: keras.Layer, inputs: list[str]) -> str:
    plain = layer.activation is keras.activations.linear and layer.use_bias and len(layer.input.shape) == 2
    _require(layer, plain, "has an activation, no bias or more than two axes")
    kernel = graph.constant(f"{layer.name}.kernel", np.asarray(layer.kernel))
    bias = graph.constant(f"{layer.name}.bias", np.asarray(layer.bias))
    return graph.node("Gemm", [*inputs, kernel, bias], _output_name(layer))


_Writer = Callable[[_Graph, keras.Layer, list[str]], str]
_WRITERS: dict[type, _Writer] = {
    layers.InputLayer: _write_input,
    layers.Conv2D: _write_convolution,
    layers.DepthwiseConv2D: _write_convolution,
    layers.BatchNormalization: _write_normalization,
    layers.ReLU: _write_relu,
    layers.Add: _write_sum,
    layers.GlobalAveragePooling2D: _write_mean,
    layers.AveragePooling2D: _write_window_means,
    layers.Reshape: _write_reshape,
    layers.Concatenate: _write_concatenation,
    layers.Dense: _write_dense,
}
