"""A network of one layer in place of a backbone."""

import onnx
from onnx import TensorProto, helper

from sora import layout


def write_mean_network(size_px: int) -> None:
    """Write, as the project's backbone, the mean colour of each image."""
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["t", size_px, size_px, 3])
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["t", 3])
    axes = helper.make_tensor("axes", TensorProto.INT64, [2], [1, 2])
    node = helper.make_node("ReduceMean", ["images", "axes"], ["features"], keepdims=0)
    graph = helper.make_graph([node], "mean", [images], [features], [axes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    layout.BACKBONE.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, layout.BACKBONE)
