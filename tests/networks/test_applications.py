from urllib.error import URLError

import h5py
import keras
import numpy as np
import pytest
from keras.applications import (
    efficientnet_v2,
    imagenet_utils,
    inception_v3,
    mobilenet_v2,
    resnet50,
    vgg16,
)
from keras.src.legacy.saving import legacy_h5_format

from sora.errors import SoraError
from sora.networks import applications
from sora.networks.applications import pretrained_application

PREPROCESS = {
    "resnet50": resnet50.preprocess_input,
    "vgg16": vgg16.preprocess_input,
    "inception_v3": inception_v3.preprocess_input,
    "mobilenet_v2": mobilenet_v2.preprocess_input,
    # This one has its preprocessing in the network; it is torch's.
    "efficientnet_v2_b0": lambda rgb: imagenet_utils.preprocess_input(rgb, mode="torch"),
}


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    """Keras without a network, and with a folder of models of its own."""

    def refuse(origin, *_):
        raise URLError("unreachable")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path))
    monkeypatch.setattr("urllib.request.OpenerDirector.open", refuse)
    return tmp_path / "models"


@pytest.mark.parametrize("name", PREPROCESS)
def test_pixels_are_what_the_network_was_trained_on(name):
    rgb = np.random.default_rng(0).integers(0, 256, (2, 107, 107, 3)).astype(np.float32)
    network = pretrained_application(name, 107, None)
    convention = network.get_layer("pixels")
    np.testing.assert_allclose(convention((rgb - 127) / 128), PREPROCESS[name](rgb.copy()), atol=1e-3)


def test_the_preprocessing_of_efficientnet_v2_is_that_inside_keras_network():
    rgb = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3)).astype(np.float32)
    plain = efficientnet_v2.EfficientNetV2B0(include_top=False, weights=None, input_shape=(64, 64, 3))
    first = next(layer for layer in plain.layers if isinstance(layer, keras.layers.Conv2D))
    expected = keras.Model(plain.input, first.input)(rgb)
    pixels = pretrained_application("efficientnet_v2_b0", 64, None).get_layer("pixels")
    np.testing.assert_allclose(pixels((rgb - 127) / 128), expected, atol=1e-4)


@pytest.fixture
def plain():
    keras.utils.set_random_seed(1)
    return mobilenet_v2.MobileNetV2(include_top=False, weights=None, input_shape=(64, 64, 3))


def assert_same(network, plain):
    rgb = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3)).astype(np.float32)
    expected = plain(mobilenet_v2.preprocess_input(rgb.copy()), training=False)
    np.testing.assert_allclose(network((rgb - 127) / 128, training=False), expected, atol=1e-4)


def test_a_local_file_is_used(plain, tmp_path):
    plain.save_weights(tmp_path / "mine.weights.h5")
    assert_same(pretrained_application("mobilenet_v2", 64, tmp_path / "mine.weights.h5"), plain)


def test_a_file_that_keras_has_downloaded_is_used(plain, no_network):
    no_network.mkdir()
    name = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
    with h5py.File(no_network / name, "w") as file:  # as the published files are
        legacy_h5_format.save_weights_to_hdf5_group(file, plain)
    assert_same(pretrained_application("mobilenet_v2", 64, "imagenet"), plain)


@pytest.mark.parametrize("name", PREPROCESS)
def test_without_a_network_it_says_which_file_and_where(name, no_network):
    file_name = applications._APPLICATIONS[name].file_name
    message = rf"ImageNet weights of {name} cannot .* put {file_name} into {no_network}"
    with pytest.raises(SoraError, match=message):
        pretrained_application(name, 107, "imagenet")


@pytest.mark.parametrize("content", [b"not a file of weights", b""])
def test_a_damaged_file_is_named(content, tmp_path):
    path = tmp_path / "weights.h5"
    path.write_bytes(content)
    with pytest.raises(SoraError, match=r"weights\.h5: expected the weights of vgg16 without its top"):
        pretrained_application("vgg16", 64, path)


def test_weights_of_another_network_are_refused(tmp_path):
    other = mobilenet_v2.MobileNetV2(include_top=False, weights=None, input_shape=(64, 64, 3))
    other.save_weights(tmp_path / "mobilenet.weights.h5")
    with pytest.raises(SoraError, match="damaged or of another network"):
        pretrained_application("vgg16", 64, tmp_path / "mobilenet.weights.h5")
