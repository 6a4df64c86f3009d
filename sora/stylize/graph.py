"""The network that styles, as an ONNX graph for pictures of any size."""

from typing import TYPE_CHECKING, Any

import numpy as np

from sora.stylize.weights import Layer, Layers

if TYPE_CHECKING:
    import onnx

SIZE_MULTIPLE = 4  # of a picture's sides: they are halved twice
_OPSET, _IR_VERSION = 18, 10
_EPSILON = 1e-5  # of the norms, in both of the package's networks


def build_graph(layers: Layers) -> bytes:
    """Return the network: float32 RGB (1, 3, H, W) in [0, 1] to the same, H and W multiples of 4."""
    from onnx import TensorProto, helper

    graph = _Graph()
    maps = "picture"
    for layer, stride in zip(layers.contracting, (1, 2, 2), strict=True):
        maps = graph.add("Relu", graph.layer(maps, layer, stride))
    for first, second in layers.residual:
        inner = graph.add("Relu", graph.layer(maps, first))
        maps = graph.add("Add", maps, graph.layer(inner, second))
    for layer in layers.expanding[:-1]:
        maps = graph.add("Relu", graph.layer(graph.doubled(maps), layer))
    styled = graph.add("Sigmoid", graph.layer(maps, layers.expanding[-1]))
    shape: list[str | int | None] = [1, 3, "height", "width"]
    described = helper.make_graph(
        graph.nodes,
        "style",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(styled, TensorProto.FLOAT, shape)],
        graph.constants,
    )
    imports = [helper.make_opsetid("", _OPSET)]
    return helper.make_model(described, opset_imports=imports, ir_version=_IR_VERSION).SerializeToString()


class _Graph:
    """Nodes and constants; each new one gets the next number as its name."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        from onnx import helper

        name = f"maps{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def constant(self, array: np.ndarray) -> str:
        from onnx import numpy_helper

        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def layer(self, maps: str, layer: Layer, stride: int = 1) -> str:
        """Add a convolution with a mirrored border, and its norm."""
        border = layer.kernel.shape[-1] // 2
        pads = self.constant(np.array([0, 0, border, border] * 2, np.int64))
        padded = self.add("Pad", maps, pads, mode="reflect")
        kernel, shift = self.constant(layer.kernel), self.constant(layer.shift.astype(np.float32))
        if layer.scale is None:
            return self.add("Conv", padded, kernel, shift, strides=[stride] * 2)
        maps = self.add("Conv", padded, kernel, strides=[stride] * 2)
        scale = self.constant(layer.scale.astype(np.float32))
        return self.add("InstanceNormalization", maps, scale, shift, epsilon=_EPSILON)

    def doubled(self, maps: str) -> str:
        scales = self.constant(np.array([1, 1, 2, 2], np.float32))
        way = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        return self.add("Resize", maps, "", scales, **way)
