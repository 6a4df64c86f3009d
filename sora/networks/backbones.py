"""Image networks that turn one frame into one vector of features taken at several depths.

``feature_blocks`` needs no TensorFlow, so that stages which only select columns do not pay for its import.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from sora.errors import SoraError
from sora.networks.weights import IMAGENET

if TYPE_CHECKING:
    import keras

BackboneName = Literal[
    "efficientnet_lite0",
    "efficientnet_lite1",
    "efficientnet_lite2",
    "resnet50",
    "vgg16",
    "inception_v3",
    "mobilenet_v2",
    "efficientnet_v2_b0",
]
BACKBONES: tuple[BackboneName, ...] = get_args(BackboneName)


@dataclass(frozen=True)
class _Backbone:
    """What is known of a network without building it.

    Attributes:
        stages: for each block of columns from an earlier map, the layer that gives the map and its channels,
            from shallow to deep.
        num_channels: of the last map.
        min_image_size_px: below it the last map has no quadrants.
        unit_pattern: a regular expression that finds the layers of the network's units (residual blocks and
            the like); its group is the name of the unit.
    """

    stages: Mapping[str, tuple[str, int]]
    num_channels: int
    min_image_size_px: int
    unit_pattern: str


_LITE_UNIT = r"(stage\d_block\d+)_"
_LITE1_STAGES = {
    "stage3": ("stage3_block3_add", 40),
    "stage5": ("stage5_block4_add", 112),
    "stage7": ("stage7_block1_project_bn", 320),
}
_LITE0_STAGES = _LITE1_STAGES | {"stage3": ("stage3_block2_add", 40), "stage5": ("stage5_block3_add", 112)}
_LITE2_STAGES = {
    "stage3": ("stage3_block3_add", 48),
    "stage5": ("stage5_block4_add", 120),
    "stage7": ("stage7_block1_project_bn", 352),
}
_BACKBONES: dict[str, _Backbone] = {
    "efficientnet_lite0": _Backbone(_LITE0_STAGES, 1280, 33, _LITE_UNIT),
    "efficientnet_lite1": _Backbone(_LITE1_STAGES, 1280, 33, _LITE_UNIT),
    "efficientnet_lite2": _Backbone(_LITE2_STAGES, 1280, 33, _LITE_UNIT),
    "resnet50": _Backbone(
        {
            "stage2": ("conv2_block3_out", 256),
            "stage3": ("conv3_block4_out", 512),
            "stage4": ("conv4_block6_out", 1024),
        },
        2048,
        33,
        r"(conv\d_block\d)_",
    ),
    "vgg16": _Backbone(
        {"stage2": ("block2_pool", 128), "stage3": ("block3_pool", 256), "stage4": ("block4_pool", 512)},
        512,
        64,
        r"(block\d)_",
    ),
    "inception_v3": _Backbone(
        {"stage1": ("mixed2", 288), "stage2": ("mixed7", 768), "stage3": ("mixed8", 1280)},
        2048,
        107,
        r"(mixed\d+)$",
    ),
    "mobilenet_v2": _Backbone(
        {
            "stage3": ("block_5_add", 32),
            "stage5": ("block_12_add", 96),
            "stage7": ("block_16_project_BN", 320),
        },
        1280,
        33,
        r"(block_\d+)_",
    ),
    "efficientnet_v2_b0": _Backbone(
        {"stage3": ("block3b_add", 48), "stage5": ("block5e_add", 112), "stage6": ("block6h_add", 192)},
        1280,
        33,
        r"(block\d\w)_",
    ),
}


def feature_blocks(name: str = "efficientnet_lite0", blocks: Sequence[str] | None = None) -> dict[str, slice]:
    """Name the columns of ``frame_feature_network(name, blocks=blocks)``, in that order; all by default.

    ``stage..`` are means over the image of ever deeper maps; ``mean`` and ``max`` are those of the last map,
    and ``quadrants`` has its means over the top left, top right, bottom left and bottom right quarter, one
    whole quarter after the other.

    Raises:
        SoraError: there is no such network, or it has no such block, or one is named twice.
    """
    sizes = _block_sizes(name)
    chosen = list(sizes) if blocks is None else list(blocks)
    if not chosen or len(set(chosen)) < len(chosen) or not set(chosen) <= set(sizes):
        raise SoraError(f"blocks of {name}: expected some of {', '.join(sizes)}, each once; got {chosen}")
    columns, start = {}, 0
    for block in chosen:
        columns[block] = slice(start, start + sizes[block])
        start += sizes[block]
    return columns


def frame_feature_network(
    name: str = "efficientnet_lite0",
    image_size_px: int = 224,
    *,
    blocks: Sequence[str] | None = None,
    weights: str | Path | None = IMAGENET,
) -> "keras.Model":
    """Build a network that gives several depths of a frame in one vector.

    Input: float32 (N, image_size_px, image_size_px, 3), RGB, (rgb - 127) / 128 with rgb in 0..255; each
    network turns that into its own convention.
    Output: float32 (N, F), with the columns of ``feature_blocks(name, blocks)``. Where the last map has an
    odd size (7x7 for 224 pixels) the quadrants overlap by one row and one column.

    Args:
        name: of the network.
        image_size_px: side of the images.
        blocks: which columns, in which order; all by default.
        weights: ``imagenet``, a local file (.pth for the Lite networks, .h5 for the others), or None for
            random ones from Keras' global seed.

    Raises:
        SoraError: no such network or block, too small an image, or weights that are missing, damaged or of
            another network.
    """
    columns = feature_blocks(name, blocks)
    backbone = _BACKBONES[name]
    if image_size_px < backbone.min_image_size_px:
        raise SoraError(
            f"image_size_px: {name} expects at least {backbone.min_image_size_px}, got {image_size_px}"
        )
    import keras
    from keras import layers

    network = _convolutional_part(name, image_size_px, weights)
    vectors = [_pooled(network, backbone, block) for block in columns]
    features = layers.Concatenate(name="features")(vectors) if len(vectors) > 1 else vectors[0]
    return keras.Model(network.inputs[0], features, name=f"{name}_features")


def split_at_unit(network: "keras.Model", name: str, num_units: int) -> tuple["keras.Model", "keras.Model"]:
    """Cut a ``frame_feature_network`` before its last ``num_units`` units (residual blocks and the like).

    Returns:
        Images to a map, and that map to the features; both share their layers with ``network``.

    Raises:
        SoraError: there are not so many units, or a block of columns comes from before the cut.
    """
    import keras

    ends = _unit_ends(network, _BACKBONES[name].unit_pattern)
    if not 0 < num_units < len(ends):
        raise SoraError(f"units of {name}: expected 1 to {len(ends) - 1} to fine-tune, got {num_units}")
    cut = ends[-num_units - 1]
    try:
        return keras.Model(network.input, cut), keras.Model(cut, network.output)
    except ValueError as error:
        raise SoraError(
            f"{name}: its blocks of columns reach before the last {num_units} units; choose some of mean, "
            "max and quadrants, or more units"
        ) from error


def _block_sizes(name: str) -> dict[str, int]:
    if name not in _BACKBONES:
        raise SoraError(f"backbone: expected one of {', '.join(_BACKBONES)}, got {name!r}")
    backbone = _BACKBONES[name]
    stages = {block: size for block, (_, size) in backbone.stages.items()}
    last = {
        "mean": backbone.num_channels,
        "max": backbone.num_channels,
        "quadrants": 4 * backbone.num_channels,
    }
    return stages | last


def _convolutional_part(name: str, image_size_px: int, weights: str | Path | None) -> "keras.Model":
    """Build the network up to its last map."""
    if name.startswith("efficientnet_lite"):
        from sora.networks.efficientnet_lite import pretrained_efficientnet_lite

        return pretrained_efficientnet_lite(name, image_size_px, weights)
    from sora.networks.applications import pretrained_application

    return pretrained_application(name, image_size_px, weights)


def _pooled(network: "keras.Model", backbone: _Backbone, block: str) -> "keras.KerasTensor":
    from keras import layers

    if block == "quadrants":
        return _quadrant_means(network.output)
    if block == "max":
        return layers.GlobalMaxPooling2D(name="max")(network.output)
    x = network.output if block == "mean" else network.get_layer(backbone.stages[block][0]).output
    return layers.GlobalAveragePooling2D(name="mean" if block == "mean" else f"{block}_mean")(x)


def _quadrant_means(feature_map: "keras.KerasTensor") -> "keras.KerasTensor":
    from keras import layers

    size, num_channels = feature_map.shape[1], feature_map.shape[3]
    x = layers.AveragePooling2D(size - size // 2, size // 2, name="quadrant_means")(feature_map)
    return layers.Reshape((4 * num_channels,), name="quadrants")(x)


def _unit_ends(network: "keras.Model", pattern: str) -> list["keras.KerasTensor"]:
    """Give the output of the last layer of each unit, in order."""
    ends = {}
    for layer in network.layers:
        if found := re.match(pattern, layer.name):
            ends[found[1]] = layer.output
    return list(ends.values())
