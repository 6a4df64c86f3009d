from collections import Counter

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from keras import layers

from sora.errors import SoraError
from sora.networks.backbones import BACKBONES, frame_feature_network
from sora.networks.efficientnet_lite import pretrained_efficientnet_lite
from sora.networks.onnx_export import export_onnx
from sora.networks.residual import residual_network


def onnx_outputs(path, **inputs):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, inputs)


def natural_images(num_images, size_px):
    """Patches of 8 pixels, in the range of network input."""
    rgb = np.random.default_rng(0).integers(0, 256, (num_images, size_px // 8, size_px // 8, 3))
    return ((rgb.repeat(8, axis=1).repeat(8, axis=2) - 127) / 128).astype(np.float32)


@pytest.fixture(scope="module")
def network():
    return frame_feature_network()


@pytest.fixture(scope="module")
def path(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "backbone.onnx"
    export_onnx(network, path)
    return path


def test_features_are_those_of_keras_for_any_batch(network, path):
    images = natural_images(3, 224)
    expected = np.asarray(network(images, training=False))
    (received,) = onnx_outputs(path, images=images)
    assert np.abs(received - expected).max() < 1e-4
    (one,) = onnx_outputs(path, images=images[1:2])
    assert np.abs(one - expected[1:2]).max() < 1e-4


def test_the_graph_has_nothing_left_over(path):
    graph = onnx.load(path).graph
    operators = Counter(node.op_type for node in graph.node)
    assert operators == {
        "Transpose": 2,  # the images, and the small map of quadrants
        "Conv": 49,
        "Clip": 33,
        "Add": 9,
        "GlobalAveragePool": 4,
        "GlobalMaxPool": 1,
        "AveragePool": 1,
        "Flatten": 6,
        "Concat": 1,
    }
    axes = [
        [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim]
        for v in (graph.input[0], graph.output[0])
    ]
    assert axes == [["batch", 224, 224, 3], ["batch", 8152]]
    assert [graph.input[0].name, graph.output[0].name] == ["images", "features"]


def test_another_build_gives_the_same_bytes(path, tmp_path):
    export_onnx(frame_feature_network(), tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("include_top", [True, False])
def test_logits_and_maps_are_exported(tmp_path, include_top):
    model = pretrained_efficientnet_lite("efficientnet_lite0", 64, "imagenet", include_top=include_top)
    export_onnx(model, tmp_path / "model.onnx")
    images = natural_images(2, 64)
    (received,) = onnx_outputs(tmp_path / "model.onnx", images=images)
    expected = np.asarray(model(images, training=False))
    assert received.shape == expected.shape == ((2, 1000) if include_top else (2, 2, 2, 1280))
    assert np.abs(received - expected).max() < 1e-4


def test_odd_sizes_biases_several_inputs_and_outputs(tmp_path):
    keras.utils.set_random_seed(0)
    images, vector = keras.Input((9, 7, 3), name="images"), keras.Input((4,), name="vector")
    x = layers.Conv2D(6, (5, 3), 2, "same", name="strided", bias_initializer="normal")(images)
    x = layers.BatchNormalization(name="norm", epsilon=0.01)(x)
    y = layers.DepthwiseConv2D(2, padding="valid", name="depthwise", bias_initializer="normal")(x)
    y = layers.Concatenate(name="joined")([layers.ReLU(2.0, name="bounded")(y), y])
    z = layers.Concatenate(name="vectors")([layers.GlobalAveragePooling2D(name="mean")(y), vector])
    model = keras.Model([images, vector], [x, layers.Dense(5, name="scores")(z)])
    rng = np.random.default_rng(0)
    model.get_layer("norm").set_weights(rng.uniform(0.5, 2, (4, 6)))
    export_onnx(model, tmp_path / "model.onnx")
    inputs = {"images": rng.normal(size=(2, 9, 7, 3)), "vector": rng.normal(size=(2, 4))}
    inputs = {name: array.astype(np.float32) for name, array in inputs.items()}
    received = onnx_outputs(tmp_path / "model.onnx", **inputs)
    for array, expected in zip(received, model(list(inputs.values()), training=False), strict=True):
        np.testing.assert_allclose(array, expected, atol=1e-5)


@pytest.mark.parametrize("name", BACKBONES)
def test_every_backbone_is_exported(name, tmp_path):
    size = {"vgg16": 64, "inception_v3": 107}.get(name, 65)
    network = with_random_normalisations(frame_feature_network(name, size, weights=None))
    export_onnx(network, tmp_path / "model.onnx")
    images = natural_images(2, 128)[:, :size, :size]
    (received,) = onnx_outputs(tmp_path / "model.onnx", images=images)
    expected = np.asarray(network(images, training=False))
    assert np.abs(received - expected).max() < 1e-4 * max(1, np.abs(expected).max())


def test_names_that_keras_counts_do_not_change_the_bytes(tmp_path):
    network = frame_feature_network("inception_v3", 107, blocks=("mean",), weights=None)
    export_onnx(network, tmp_path / "a.onnx")
    other = frame_feature_network("inception_v3", 107, blocks=("mean",), weights=None)
    other.set_weights(network.get_weights())
    export_onnx(other, tmp_path / "b.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


@pytest.mark.parametrize(
    "options",
    [
        {"fusion": "gated"},
        {"fusion": "concatenate", "num_frames": 3},
        {"num_frames": 3, "differences": True, "temporal_kernel_size": 1, "taps": (4,)},
    ],
)
def test_the_residual_network_is_exported(options, tmp_path):
    network = with_random_normalisations(residual_network(image_size_px=34, **options))
    export_onnx(network, tmp_path / "model.onnx")
    images = natural_images(6, 40)[:, :34, :34]
    (received,) = onnx_outputs(tmp_path / "model.onnx", images=images)
    np.testing.assert_allclose(received, network(images, training=False), rtol=1e-5, atol=1e-5)


def with_random_normalisations(network):
    rng = np.random.default_rng(0)
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.7, 1.3, weight.shape) for weight in layer.get_weights()])
    return network


def shared_layer(x):
    convolution = layers.Conv2D(3, 1, name="twice")
    return layers.Add(name="sum")([convolution(x), convolution(convolution(x))])


def normalization_of_a_shared_convolution(x):
    x = layers.Conv2D(3, 1, name="kept")(x)
    return layers.Add(name="sum")([x, layers.BatchNormalization(name="norm")(x)])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (layers.Softmax(name="soft"), "layer soft is a Softmax"),
        (layers.Conv2D(3, 3, dilation_rate=2, name="wide"), "layer wide has dilation"),
        (layers.Conv2D(3, 3, activation="elu", name="active"), "layer active has the activation elu"),
        (layers.Conv2D(3, 3, groups=3, name="grouped"), "layer grouped has groups"),
        (layers.ReLU(negative_slope=0.1, name="leaky"), "layer leaky has a slope or a threshold"),
        (layers.BatchNormalization(name="alone"), "layer alone has no convolution of its own"),
        (normalization_of_a_shared_convolution, "layer norm has no convolution of its own"),
        (shared_layer, "layer (twice|sum) .*used twice"),
        (lambda x: x * 2.0, "which this writer does not know"),
    ],
)
def test_what_the_writer_does_not_know_is_refused(tmp_path, build, message):
    inputs = keras.Input((8, 8, 3), name="images")
    model = keras.Model(inputs, build(inputs))
    with pytest.raises(SoraError, match=message):
        export_onnx(model, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())
