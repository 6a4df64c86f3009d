import itertools
import subprocess
import sys

import keras
import numpy as np
import pytest

from sora.errors import SoraError
from sora.networks.backbones import BACKBONES, feature_blocks, frame_feature_network, split_at_unit

SMALL_PX = {"vgg16": 64, "inception_v3": 107}


@pytest.fixture(scope="module")
def network():
    return frame_feature_network()


def gradient_image():
    """Red grows downwards, green to the right, blue along the diagonal."""
    rows, columns = np.mgrid[0:224, 0:224] / 223
    rgb = 255 * np.stack([rows, columns, (rows + columns) / 2], axis=-1)
    return ((rgb - 127) / 128).astype(np.float32)


def test_each_block_of_columns_is_the_stated_mean(network):
    layers = ("stage3_block2_add", "stage5_block3_add", "stage7_block1_project_bn")
    stages = [network.get_layer(name).output for name in layers]
    last = network.get_layer("head_relu6").output
    image = gradient_image()[None]
    *maps, last_map = (
        np.asarray(x) for x in keras.Model(network.input, [*stages, last])(image, training=False)
    )
    features = np.asarray(network(image, training=False))[0]
    blocks = feature_blocks()
    assert features.shape == (blocks["quadrants"].stop,) == (8152,)
    assert features.dtype == np.float32
    for name, feature_map in zip(("stage3", "stage5", "stage7", "mean"), [*maps, last_map], strict=True):
        np.testing.assert_allclose(features[blocks[name]], feature_map[0].mean(axis=(0, 1)), atol=1e-4)
    np.testing.assert_allclose(features[blocks["max"]], last_map[0].max(axis=(0, 1)), atol=1e-4)
    top, bottom = slice(0, 4), slice(3, 7)  # and likewise left and right
    quarters = [last_map[0, rows, cols].mean(axis=(0, 1)) for rows in (top, bottom) for cols in (top, bottom)]
    np.testing.assert_allclose(features[blocks["quadrants"]], np.concatenate(quarters), atol=1e-4)


@pytest.mark.parametrize("name", BACKBONES)
def test_the_columns_of_every_network_are_those_named(name):
    columns = feature_blocks(name)
    network = frame_feature_network(name, SMALL_PX.get(name, 33), weights=None)
    assert network.output.shape == (None, columns["quadrants"].stop)
    depths = [block for block in columns if block.startswith("stage")]
    sizes = {block: network.get_layer(f"{block}_mean").output.shape[1] for block in depths}
    assert sizes == {block: columns[block].stop - columns[block].start for block in depths}


def test_chosen_blocks_come_in_the_order_asked_for(network):
    chosen = frame_feature_network(blocks=("max", "stage3"))
    image = gradient_image()[None]
    features, chosen_features = (np.asarray(net(image, training=False))[0] for net in (network, chosen))
    assert feature_blocks(blocks=("max", "stage3")) == {"max": slice(0, 1280), "stage3": slice(1280, 1320)}
    every = feature_blocks()
    expected = np.concatenate([features[every["max"]], features[every["stage3"]]])
    np.testing.assert_allclose(chosen_features, expected, atol=1e-5)


def test_blocks_cover_the_columns_without_keras():
    blocks = list(feature_blocks().values())
    assert blocks[0].start == 0
    assert all(before.stop == after.start for before, after in itertools.pairwise(blocks))
    code = (
        "import sys; from sora.networks.backbones import feature_blocks; feature_blocks()\n"
        "assert not {'keras', 'tensorflow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", BACKBONES)
def test_both_parts_of_a_cut_network_give_what_the_whole_gives(name):
    size = SMALL_PX.get(name, 33)
    network = frame_feature_network(name, size, blocks=("mean",), weights=None)
    frozen, tuned = split_at_unit(network, name, 1)
    images = np.random.default_rng(0).normal(size=(2, size, size, 3)).astype(np.float32)
    np.testing.assert_allclose(
        tuned(frozen(images, training=False), training=False), network(images, training=False), atol=1e-5
    )
    assert 0 < len(tuned.trainable_weights) < len(network.trainable_weights)
    assert len(frozen.weights) + len(tuned.weights) == len(network.weights)


def test_faulty_arguments_are_refused():
    with pytest.raises(SoraError, match=r"expected one of efficientnet_lite0, .*, got 'resnet'"):
        feature_blocks("resnet")
    with pytest.raises(SoraError, match=r"expected some of stage3, .*quadrants, each once; got \['head'\]"):
        feature_blocks(blocks=["head"])
    with pytest.raises(SoraError, match="each once"):
        feature_blocks(blocks=["mean", "mean"])
    with pytest.raises(SoraError, match="efficientnet_lite0 expects at least 33, got 32"):
        frame_feature_network(image_size_px=32)
    network = frame_feature_network(image_size_px=33, weights=None)
    with pytest.raises(SoraError, match="expected 1 to 15 to fine-tune, got 16"):
        split_at_unit(network, "efficientnet_lite0", 16)
    with pytest.raises(SoraError, match="reach before the last 2 units"):
        split_at_unit(network, "efficientnet_lite0", 2)
