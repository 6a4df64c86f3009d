"""Write a Keras network as an ONNX graph that ONNX Runtime runs fast, with the same bytes every time.

The graph is written here and not by tf2onnx (``model.export``). That was tried with TensorFlow 2.21: its
names come from a counter, so that two exports differ; the batch normalisations of depthwise convolutions stay
as Mul and Add; it takes 5 to 7 s, and logs. The speed is equal. Only the layers that Sora's networks use are
known (`onnx_layers`).

Maps are (N, C, H, W) inside the graph, as ONNX defines its operators, and (N, H, W, C) at its ends, as in
Keras.
"""

from collections import Counter
from pathlib import Path

import keras
import onnx
from keras import layers
from onnx import helper

from sora import atomic
from sora.networks.onnx_graph import Graph, require
from sora.networks.onnx_layers import CONVOLUTIONS, write_layer

_OPSET = 17
_IR_VERSION = 8  # the file format that came with opset 17


def export_onnx(model: keras.Model, path: str | Path) -> None:
    """Write a functional model as an ONNX file, atomically; the same model always gives the same bytes.

    Inputs and outputs are float32 with Keras' axes and a free first axis, ``batch``, or ``clip`` where the
    network looks at the frames of a clip together; they bear the names of the Keras layers that they come
    from. Batch normalisation takes its inference form, and is folded into the convolution before it.

    Raises:
        SoraError: a layer, or an option of a layer, that this writer does not know.
    """
    graph = Graph(model, _foldable_normalizations(model))
    for layer in model.operations:
        write_layer(graph, layer)
    exported = helper.make_model(
        graph.finished(),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="sora",
    )
    onnx.checker.check_model(exported, full_check=True)
    atomic.write_bytes(Path(path), exported.SerializeToString(deterministic=True))


def _foldable_normalizations(model: keras.Model) -> dict[str, keras.Layer]:
    """Map the name of each convolution before a batch normalisation to that layer."""
    producers = {id(layer.output): layer for layer in model.operations}
    consumed = [tensor for layer in model.operations for tensor in keras.tree.flatten(layer.input)]
    num_uses = Counter(id(tensor) for tensor in consumed + model.outputs)
    normalizations = {}
    for layer in model.operations:
        if type(layer) is layers.BatchNormalization:
            producer = producers[id(layer.input)]
            follows = type(producer) in CONVOLUTIONS and _is_linear(producer)
            alone = num_uses[id(layer.input)] == 1
            require(layer, follows and alone, "has no convolution of its own before it")
            normalizations[producer.name] = layer
    return normalizations


def _is_linear(layer: keras.Layer) -> bool:
    return getattr(layer, "activation", None) in (None, keras.activations.linear)
