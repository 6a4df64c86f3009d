import keras
import numpy as np
import pytest
from keras import layers

from sora.compression.chains import find_chains
from sora.compression.channels import prune_channels
from sora.compression.quantization import to_litert
from sora.errors import SoraError
from sora.networks.backbones import feature_blocks, frame_feature_network
from sora.networks.model_files import load_model, save_model
from sora.networks.onnx_export import export_onnx
from sora.networks.residual import residual_network
from sora.runtimes import load_backbone

IMAGES = np.random.default_rng(0).uniform(-1, 1, (16, 32, 32, 3)).astype(np.float32)


def with_redundant_channels() -> keras.Model:
    """An inverted residual of 16 channels, of which 8 are those of the other 8 once more."""
    keras.utils.set_random_seed(0)
    images = keras.Input((32, 32, 3), name="images")
    x = layers.Conv2D(4, 3, 2, "same", name="stem")(images)
    y = layers.Conv2D(16, 1, use_bias=False, name="expand")(x)
    y = layers.ReLU(6.0, name="expand_relu6")(layers.BatchNormalization(name="expand_bn")(y))
    y = layers.DepthwiseConv2D(3, 1, "same", use_bias=False, name="depthwise")(y)
    y = layers.ReLU(6.0, name="depthwise_relu6")(layers.BatchNormalization(name="depthwise_bn")(y))
    y = layers.Conv2D(4, 1, use_bias=False, name="project")(y)
    y = layers.BatchNormalization(name="project_bn")(y)
    x = layers.Add(name="add")([x, y])
    network = keras.Model(images, layers.GlobalAveragePooling2D(name="mean")(x), name="small")
    for name, axis in (("expand", 3), ("depthwise", 2)):
        layer = network.get_layer(name)
        half = np.take(layer.get_weights()[0], range(8), axis)
        layer.set_weights([np.concatenate([half, half], axis)])
    layer = network.get_layer("project_bn")
    layer.set_weights([np.array(v, np.float32) for v in ([1, 2, 3, 4], [0, 1, 0, 1], [0] * 4, [4, 1, 2, 1])])
    return network


def test_redundant_channels_go_without_a_trace():
    network = with_redundant_channels()
    weights = network.get_weights()
    pruned = prune_channels(network, 0.5, IMAGES)
    assert pruned.get_layer("expand").filters == 8
    assert pruned.get_layer("depthwise").kernel.shape == (3, 3, 8, 1)
    assert pruned.get_layer("depthwise_bn").gamma.shape == (8,)
    assert pruned.get_layer("project").kernel.shape == (1, 1, 8, 4)
    np.testing.assert_allclose(pruned(IMAGES), network(IMAGES), atol=2e-3)
    for now, before in zip(network.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(now, before)


def test_solving_anew_is_what_keeps_the_output():
    network = with_redundant_channels()
    cut_off = prune_channels(network, 0.5, IMAGES, reconstruct=False)
    assert np.abs(cut_off(IMAGES) - network(IMAGES)).max() > 0.05


def test_a_pruned_network_is_stored_and_exported_like_any_other(tmp_path):
    pruned = prune_channels(with_redundant_channels(), 0.5, IMAGES)
    save_model(pruned, tmp_path / "keras")
    export_onnx(pruned, tmp_path / "pruned.onnx")
    (tmp_path / "pruned.tflite").write_bytes(to_litert(pruned, "float32"))
    expected = np.asarray(pruned(IMAGES))
    np.testing.assert_array_equal(load_model(tmp_path / "keras")(IMAGES), expected)
    for name in ("pruned.onnx", "pruned.tflite"):
        np.testing.assert_allclose(load_backbone(tmp_path / name)(IMAGES), expected, atol=1e-5)


def test_the_same_images_give_the_same_bytes():
    one, other = (prune_channels(with_redundant_channels(), 0.5, IMAGES).get_weights() for _ in range(2))
    assert [a.tobytes() for a in one] == [b.tobytes() for b in other]


def test_residual_blocks_lose_what_lies_between_their_convolutions():
    keras.utils.set_random_seed(0)
    network = residual_network(image_size_px=32, widths=(16, 16), num_blocks=(1, 1), taps=(1, 2))
    network.get_layer("stage2_block1_second_bn").gamma.assign(np.ones(16, np.float32))
    pruned = prune_channels(network, 0.5, IMAGES)
    assert pruned.get_layer("stage1_block1_first").filters == 8
    assert pruned.get_layer("stage1_block1_second").kernel.shape == (3, 3, 8, 16)
    assert pruned.output_shape == network.output_shape
    assert np.isfinite(np.asarray(pruned(IMAGES))).all()


def test_chains_of_a_backbone_are_its_stem_and_its_expansions():
    network = frame_feature_network(image_size_px=64, weights=None)
    chains = find_chains(network)
    assert len(chains) == 16
    assert chains[0].first == "stem"
    assert {chain.first.rpartition("_")[2] for chain in chains[1:]} == {"expand"}
    assert {chain.last.rpartition("_")[2] for chain in chains} == {"project"}
    assert sum(bool(chain.joined) for chain in chains) == 9
    assert network.output_shape[1] == max(columns.stop for columns in feature_blocks().values())


def test_a_network_without_inner_channels_is_refused():
    images = keras.Input((32, 32, 3))
    network = keras.Model(images, layers.Conv2D(8, 3)(images), name="single")
    with pytest.raises(SoraError, match="single: none of its channels"):
        prune_channels(network, 0.3, IMAGES)


@pytest.mark.parametrize(("share", "images", "told"), [(1.0, IMAGES, "share"), (0.3, IMAGES[:, 1:], "shape")])
def test_wrong_arguments_are_refused(share, images, told):
    with pytest.raises(SoraError, match=told):
        prune_channels(with_redundant_channels(), share, images)
