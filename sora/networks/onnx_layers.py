"""How each Keras layer that the image networks use is written into an ONNX graph."""

from collections.abc import Callable

import keras
import numpy as np
from keras import activations, layers

from sora.networks.clip_layers import TemporalConvolution
from sora.networks.onnx_graph import CHANNELS_FIRST, CHANNELS_LAST, Graph, require
from sora.networks.pixel_convention import PixelConvention

CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D, TemporalConvolution)

_ACTIVATIONS = {activations.relu: "Relu", activations.tanh: "Tanh", activations.sigmoid: "Sigmoid"}


def write_layer(graph: Graph, layer: keras.Layer) -> None:
    """Append what computes the layer's output.

    Raises:
        SoraError: a layer, or an option of it, that is not known here.
    """
    require(layer, type(layer) in _WRITERS, f"is a {type(layer).__name__}")
    inputs = graph.inputs(layer)
    graph.computes(layer, _WRITERS[type(layer)](graph, layer, inputs))


def _write_input(graph: Graph, layer: keras.Layer, inputs: list[str]) -> str:
    if len(layer.output.shape) != 4:
        return layer.name
    return graph.node("Transpose", [layer.name], graph.output_name(layer), perm=CHANNELS_FIRST)


def _write_nothing(graph: Graph, layer: keras.Layer, inputs: list[str]) -> str:
    """Dropout rests, and normalisations are folded into the convolution before them."""
    return inputs[0]


def _write_pixels(graph: Graph, layer: keras.Layer, inputs: list[str]) -> str:
    matrix, offset = layer.affine()
    kernel = graph.constant(f"{layer.name}.kernel", matrix.T[:, :, None, None])
    bias = graph.constant(f"{layer.name}.bias", offset)
    return graph.node("Conv", [*inputs, kernel, bias], graph.output_name(layer), kernel_shape=(1, 1))


def _write_convolution(graph: Graph, layer: keras.Layer, inputs: list[str]) -> str:
    is_depthwise = isinstance(layer, layers.DepthwiseConv2D)
    plain = layer.data_format == "channels_last" and tuple(layer.dilation_rate) == (1, 1)
    require(layer, plain, "has dilation or channels first")
    require(layer, layer.depth_multiplier == 1 if is_depthwise else layer.groups == 1, "has groups")
    # Keras has (rows, columns, inputs, outputs), ONNX (outputs, inputs of a group, rows, columns).
    kernel = np.asarray(layer.kernel).transpose((2, 3, 0, 1) if is_depthwise else (3, 2, 0, 1))
    bias = np.asarray(layer.bias) if layer.use_bias else np.zeros(len(kernel))
    convolved = graph.node(
        "Conv",
        [*inputs, *_weights(graph, layer, kernel, bias)],
        _before_activation(graph, layer),
        group=len(kernel) if is_depthwise else 1,
        kernel_shape=kernel.shape[2:],
        pads=_pads(layer, layer.kernel_size),
        strides=layer.strides,
    )
    return _activated(graph, layer, convolved)


def _write_temporal_convolution(graph: Graph, layer: keras.Layer, inputs: list[str]) -> str:
    """Convolve (N, C, T, H * W), which takes two turns of the axes."""
    name, (_, height, width, num_inputs) = graph.name(layer), layer.input.shape
    kernel = np.asarray(layer.kernel).transpose((3, 2, 0, 1))

    def reshaped(x: str, step: str, shape: tuple[int, ...]) -> str:
        return graph.node(
            "Reshape", [x, graph.constant(f"{name}.{step}_shape", np.array(shape))], f"{name}.{step}"
        )

    x = reshaped(inputs[0], "clips", (-1, layer.num_frames, num_inputs, height * width))
    x = graph.node("Transpose", [x], f"{name}.channels_first", perm=(0, 2, 1, 3))
    size = layer.kernel_size
    x = graph.node(
        "Conv",
        [x, *_weights(graph, layer, kernel, np.zeros(len(kernel)))],
        f"{name}.convolved",
        kernel_shape=(size, 1),
        pads=((size - 1) // 2, 0, size // 2, 0),
    )
    x = graph.node("Transpose", [x], f"{name}.time_first", perm=(0, 2, 1, 3))
    shape = graph.constant(f"{name}.frames_shape", np.array((-1, layer.filters, height, width)))
    return graph.node("Reshape", [x, shape], graph.output_name(layer))


def _weights(graph: Graph, layer: keras.Layer, kernel: np.ndarray, bias: np.ndarray) -> list[str]:
    if layer.name in graph.normalizations:
        kernel, bias = _folded(kernel, bias, graph.normalizations[layer.name])
    return [
        graph.constant(f"{graph.name(layer)}.kernel", kernel.astype(np.float32)),
        graph.constant(f"{graph.name(layer)}.bias", bias.astype(np.float32)),
    ]


def _folded(
    kernel: np.ndarray, bias: np.ndarray, normalization: keras.Layer
) -> tuple[np.ndarray, np.ndarray]:
    """Merge y = (x - mean) / sqrt(variance + epsilon) * gamma + beta into the convolution, in float64."""
    require(normalization, normalization.axis in (-1, 3), "has another axis")
    mean, variance = (
        np.asarray(x, np.float64) for x in (normalization.moving_mean, normalization.moving_variance)
    )
    gamma = np.asarray(normalization.gamma, np.float64) if normalization.scale else np.ones_like(mean)
    beta = np.asarray(normalization.beta, np.float64) if normalization.center else np.zeros_like(mean)
    factor = gamma / np.sqrt(variance + normalization.epsilon)
    return kernel * factor[:, None, None, None], (bias - mean) * factor + beta


def _pads(layer: keras.Layer, window: tuple[int, int]) -> list[int]:
    """Give rows before, columns before, rows after, columns after; TensorFlow puts the odd one after."""
    if layer.padding == "valid":
        return [0, 0, 0, 0]
    sizes = zip(layer.input.shape[1:3], window, layer.strides, strict=True)
    totals = [max((-(-size // stride) - 1) * stride + kernel - size, 0) for size, kernel, stride in sizes]
    return [total // 2 for total in totals] + [total - total // 2 for total in totals]


def _write_zero_padding(graph: Graph, layer: keras.Layer, inputs: list[str]) -> str:
    (top, bottom), (left, right) = layer.padding
    pads = graph.constant(f"{graph.name(layer)}.pads", np.array([0, 0, top, left, 0, 0, bottom, right]))
    return graph.node("Pad", [*inputs, pads], graph.output_name(layer))


def _before_activation(graph: Graph, layer: keras.Layer) -> str:
    plain = layer.activation is activations.linear
    return graph.output_name(layer) if plain else f"{graph.name(layer)}.linear"


def _activated(graph: Graph, layer: keras.Layer, x: str) -> str:
    if layer.activation is activations.linear:
        return x
    output = graph.output_name(layer)
    if layer.activation is activations.silu:
        gate = graph.node("Sigmoid", [x], f"{graph.name(layer)}.gate")
        return graph.node("Mul", [x, gate], output)
    require(layer, layer.activation in _ACTIVATIONS, f"has the activation {layer.activation.__name__}")
    return graph.node(_ACTIVATIONS[layer.activation], [x], output)


def _write_activation(graph: Graph, layer: keras.Layer, inputs: list[str]) -> str:
    return _activated(graph, layer, inputs[0])


def _write_relu(graph: Graph, layer: keras.Layer, inputs: list[str]) -> str:
    require(layer, layer.negative_slope == 0 and layer.threshold == 0, "has a slope or a threshold")
    if layer.max_value is None:
        return graph.node("Relu", inputs, graph.output_name(layer))
    bounds = [
        graph.constant(f"{graph.name(layer)}.{end}", np.asarray(value, np.float32))
        for end, value in (("min", 0.0), ("max", layer.max_value))
    ]
    return graph.node("Clip", [*inputs, *bounds], graph.output_name(layer))


def _write_sum(graph: Graph, layer: keras.Layer, inputs: list[str]) -> str:
    shapes = {tuple(tensor.shape) for tensor in layer.input}
    require(layer, len(shapes) == 1, "does not add tensors of one shape")
    return graph.node("Add" if len(inputs) == 2 else "Sum", inputs, graph.output_name(layer))


def _write_product(graph: Graph, layer: keras.Layer, inputs: list[str]) -> str:
    num_axes = {len(tensor.shape) for tensor in layer.input}
    require(layer, len(inputs) == 2 and len(num_axes) == 1, "does not multiply two tensors alike")
    return graph.node("Mul", inputs, graph.output_name(layer))


_GLOBAL_POOLS = {
    layers.GlobalAveragePooling2D: "GlobalAveragePool",
    layers.GlobalMaxPooling2D: "GlobalMaxPool",
}


def _write_global_pool(graph: Graph, layer: keras.Layer, inputs: list[str]) -> str:
    require(layer, layer.data_format == "channels_last" and not layer.keepdims, "keeps its axes")
    pooled = graph.node(_GLOBAL_POOLS[type(layer)], inputs, f"{graph.name(layer)}.nchw")
    return graph.node("Flatten", [pooled], graph.output_name(layer))


def _write_window_pool(graph: Graph, layer: keras.Layer, inputs: list[str]) -> str:
    require(layer, layer.data_format == "channels_last", "has channels first")
    return graph.node(
        "AveragePool" if isinstance(layer, layers.AveragePooling2D) else "MaxPool",
        inputs,
        graph.output_name(layer),
        kernel_shape=layer.pool_size,
        pads=_pads(layer, layer.pool_size),
        strides=layer.strides,
    )


def _write_reshape(graph: Graph, layer: keras.Layer, inputs: list[str]) -> str:
    output = graph.output_name(layer)
    if len(layer.input.shape) == 2 and tuple(layer.output.shape[1:3]) == (1, 1):
        shape = graph.constant(f"{graph.name(layer)}.shape", np.array((-1, layer.output.shape[3], 1, 1)))
        return graph.node("Reshape", [*inputs, shape], output)
    flattens = len(layer.input.shape) == 4 and len(layer.output.shape) == 2
    require(layer, flattens, "does not turn a map into a vector, or a vector into a map of one place")
    channels_last = graph.node("Transpose", inputs, f"{graph.name(layer)}.nhwc", perm=CHANNELS_LAST)
    return graph.node("Flatten", [channels_last], output)


def _write_concatenation(graph: Graph, layer: keras.Layer, inputs: list[str]) -> str:
    num_axes = len(layer.output.shape)
    require(layer, layer.axis in (-1, num_axes - 1), "does not join channels")
    return graph.node("Concat", inputs, graph.output_name(layer), axis=1)


def _write_dense(graph: Graph, layer: keras.Layer, inputs: list[str]) -> str:
    require(layer, layer.use_bias and len(layer.input.shape) == 2, "has no bias or more than two axes")
    kernel = graph.constant(f"{graph.name(layer)}.kernel", np.asarray(layer.kernel))
    bias = graph.constant(f"{graph.name(layer)}.bias", np.asarray(layer.bias))
    scores = graph.node("Gemm", [*inputs, kernel, bias], _before_activation(graph, layer))
    return _activated(graph, layer, scores)


_Writer = Callable[[Graph, keras.Layer, list[str]], str]
_WRITERS: dict[type, _Writer] = {
    layers.InputLayer: _write_input,
    PixelConvention: _write_pixels,
    layers.Conv2D: _write_convolution,
    layers.DepthwiseConv2D: _write_convolution,
    TemporalConvolution: _write_temporal_convolution,
    layers.BatchNormalization: _write_nothing,
    layers.Dropout: _write_nothing,
    layers.ZeroPadding2D: _write_zero_padding,
    layers.Activation: _write_activation,
    layers.ReLU: _write_relu,
    layers.Add: _write_sum,
    layers.Multiply: _write_product,
    layers.GlobalAveragePooling2D: _write_global_pool,
    layers.GlobalMaxPooling2D: _write_global_pool,
    layers.AveragePooling2D: _write_window_pool,
    layers.MaxPooling2D: _write_window_pool,
    layers.Reshape: _write_reshape,
    layers.Concatenate: _write_concatenation,
    layers.Dense: _write_dense,
}
