"""EfficientNet-Lite: convolutional image networks made of operators that every edge runtime has.

Architecture: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks"
(https://arxiv.org/abs/1905.11946), in the Lite form of
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite: no squeeze-and-excitation,
ReLU6 in place of swish, a stem and a head of fixed width, and a first and a last stage of fixed depth.
Weights: the PyTorch conversion of https://github.com/RangiLyu/EfficientNet-Lite (Apache-2.0).
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from keras import layers

from sora.errors import SoraError
from sora.networks.torch_checkpoint import read_checkpoint
from sora.networks.weights import IMAGENET, imagenet_weights_path, local_weights_path


class _Stage(NamedTuple):
    num_blocks: int
    kernel_size: int
    stride: int
    expansion: int
    num_channels: int


class _Scale(NamedTuple):
    width: float
    depth: float


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)
_SCALES = {
    "efficientnet_lite0": _Scale(1.0, 1.0),
    "efficientnet_lite1": _Scale(1.0, 1.1),
    "efficientnet_lite2": _Scale(1.1, 1.2),
}
_NUM_STEM_CHANNELS = 32
_NUM_HEAD_CHANNELS = 1280
_NUM_IMAGENET_CLASSES = 1000


def pretrained_efficientnet_lite(
    name: str, image_size_px: int, weights: str | Path | None, *, include_top: bool = False
) -> keras.Model:
    """Build a network as ``efficientnet_lite`` does, with weights.

    Args:
        name: efficientnet_lite0, efficientnet_lite1 or efficientnet_lite2.
        image_size_px: side of the images.
        weights: ``imagenet``, for those of the installed package, a .pth file, or None for random ones.
        include_top: whether the classifier is part of it.

    Raises:
        SoraError: weights that are missing, damaged or of another network.
    """
    network = efficientnet_lite(name, image_size_px, include_top=include_top)
    if weights is None:
        return network
    path = imagenet_weights_path(name) if weights == IMAGENET else local_weights_path(weights, ".pth", name)
    checkpoint = read_checkpoint(path)
    try:
        load_imagenet_weights(network, checkpoint)
    except SoraError as error:
        raise SoraError(f"{path}: these are not the weights of {name}: {error}") from error
    return network


def efficientnet_lite(name: str, image_size_px: int, *, include_top: bool = True) -> keras.Model:
    """Build EfficientNet-Lite0, 1 or 2, with random weights; they were trained at 224, 240 and 260 pixels.

    Input: float32 (N, image_size_px, image_size_px, 3), RGB, (rgb - 127) / 128 with rgb in 0..255.
    Output: with ``include_top`` float32 (N, 1000), logits of the ImageNet classes; without it the last map,
    float32 (N, S, S, 1280) with S = ceil(image_size_px / 32), in 0..6.
    """
    inputs = keras.Input((image_size_px, image_size_px, 3), name="images")
    x = _convolution(inputs, _NUM_STEM_CHANNELS, 3, "stem", stride=2)
    for number, stage in enumerate(_scaled_stages(_SCALES[name]), start=1):
        for block in range(stage.num_blocks):
            stride = stage.stride if block == 0 else 1
            x = _inverted_residual(x, stage._replace(stride=stride), f"stage{number}_block{block + 1}")
    x = _convolution(x, _NUM_HEAD_CHANNELS, 1, "head")
    if include_top:
        x = layers.GlobalAveragePooling2D(name="head_mean")(x)
        x = layers.Dense(_NUM_IMAGENET_CLASSES, name="top")(x)
    return keras.Model(inputs, x, name=name)


def load_imagenet_weights(model: keras.Model, checkpoint: Mapping[str, np.ndarray]) -> None:
    """Set the weights of a model of this module, with or without its top, from a PyTorch ``state_dict``.

    Raises:
        SoraError: the checkpoint lacks an array, has one of another shape, or has one that is not used.
    """
    prefixes = _checkpoint_prefixes(model)
    for layer_name, prefix in prefixes.items():
        layer = model.get_layer(layer_name)
        arrays = _layer_arrays(layer, prefix, checkpoint)
        expected = [tuple(weight.shape) for weight in layer.weights]
        if expected != [array.shape for array in arrays]:
            raise SoraError(
                f"checkpoint array {prefix}: expected {expected}, got {[a.shape for a in arrays]}"
            )
        layer.set_weights(arrays)
    _refuse_unused(checkpoint, {*prefixes.values(), "_fc"})


def _scaled_stages(scale: _Scale) -> list[_Stage]:
    """Widen and deepen the stages; the Lite networks keep the depth of the first and of the last."""
    inner = range(1, len(_STAGES) - 1)
    return [
        stage._replace(
            num_blocks=math.ceil(stage.num_blocks * scale.depth) if index in inner else stage.num_blocks,
            num_channels=_rounded_channels(stage.num_channels * scale.width),
        )
        for index, stage in enumerate(_STAGES)
    ]


def _rounded_channels(num_channels: float) -> int:
    """Round to a multiple of 8, but never down by more than a tenth."""
    rounded = max(8, int(num_channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * num_channels else rounded


def _inverted_residual(x: keras.KerasTensor, stage: _Stage, name: str) -> keras.KerasTensor:
    shortcut, num_inputs = x, x.shape[-1]
    if stage.expansion != 1:
        x = _convolution(x, num_inputs * stage.expansion, 1, f"{name}_expand")
    x = layers.DepthwiseConv2D(
        stage.kernel_size, stage.stride, "same", use_bias=False, name=f"{name}_depthwise"
    )(x)
    x = _normalized_relu6(x, f"{name}_depthwise")
    x = layers.Conv2D(stage.num_channels, 1, use_bias=False, name=f"{name}_project")(x)
    x = _normalized(x, f"{name}_project")
    if stage.stride == 1 and num_inputs == stage.num_channels:
        x = layers.Add(name=f"{name}_add")([shortcut, x])
    return x


def _convolution(
    x: keras.KerasTensor, num_channels: int, kernel_size: int, name: str, stride: int = 1
) -> keras.KerasTensor:
    x = layers.Conv2D(num_channels, kernel_size, stride, "same", use_bias=False, name=name)(x)
    return _normalized_relu6(x, name)


def _normalized(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.BatchNormalization(epsilon=1e-3, momentum=0.99, name=f"{name}_bn")(x)


def _normalized_relu6(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.ReLU(6.0, name=f"{name}_relu6")(_normalized(x, name))


def _checkpoint_prefixes(model: keras.Model) -> dict[str, str]:
    """Map each layer with weights to the start of its names in the checkpoint, which counts blocks from 0."""
    names = {layer.name for layer in model.layers}
    prefixes = {
        "stem": "_conv_stem",
        "stem_bn": "_bn0",
        "head": "_conv_head",
        "head_bn": "_bn1",
        "top": "_fc",
    }
    depthwise = (layer.name for layer in model.layers if isinstance(layer, layers.DepthwiseConv2D))
    for index, block in enumerate(name.removesuffix("_depthwise") for name in depthwise):
        for number, part in enumerate(("expand", "depthwise", "project")):
            prefixes[f"{block}_{part}"] = f"_blocks.{index}._{part}_conv"
            prefixes[f"{block}_{part}_bn"] = f"_blocks.{index}._bn{number}"
    return {name: prefix for name, prefix in prefixes.items() if name in names}


def _layer_arrays(layer: keras.Layer, prefix: str, checkpoint: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Give a layer's weights in Keras' order and axes: (rows, columns, inputs, outputs) for kernels."""
    if isinstance(layer, layers.BatchNormalization):
        names = ("weight", "bias", "running_mean", "running_var")
        return [_array(checkpoint, f"{prefix}.{name}") for name in names]
    kernel = _array(checkpoint, f"{prefix}.weight")
    if isinstance(layer, layers.Dense):
        return [kernel.T, _array(checkpoint, f"{prefix}.bias")]
    # PyTorch's (outputs, inputs, rows, columns); the outputs of a depthwise kernel are its channels.
    is_depthwise = isinstance(layer, layers.DepthwiseConv2D)
    return [kernel.transpose((2, 3, 0, 1) if is_depthwise else (2, 3, 1, 0))]


def _array(checkpoint: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    if name not in checkpoint:
        raise SoraError(
            f"expected an array {name} in the checkpoint, which has {len(checkpoint)} other arrays"
        )
    return checkpoint[name]


def _refuse_unused(checkpoint: Mapping[str, np.ndarray], prefixes: set[str]) -> None:
    counters = "num_batches_tracked"  # how many training steps made the averages; inference has no use for it
    unused = [n for n in checkpoint if n.rpartition(".")[0] not in prefixes and not n.endswith(counters)]
    if unused:
        raise SoraError(f"the checkpoint has arrays that this network has not: {', '.join(unused[:3])}")
