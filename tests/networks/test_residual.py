import keras
import numpy as np
import pytest
from keras import layers

from sora.errors import SoraError
from sora.networks.clip_layers import FrameDifferences, TemporalConvolution
from sora.networks.residual import residual_network

PX = 32


def images(num_images):
    return np.random.default_rng(0).normal(size=(num_images, PX, PX, 3)).astype(np.float32)


def with_random_normalisations(network):
    rng = np.random.default_rng(0)
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.7, 1.3, weight.shape) for weight in layer.get_weights()])
    return network


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


def test_each_block_starts_as_its_skip():
    network = residual_network(image_size_px=PX, num_blocks=(1, 2), widths=(4, 6), taps=(1, 2))
    names = ("stem_relu", "stage1_block1_relu", "stage2_block1_relu", "stage2_block2_relu")
    maps = keras.Model(network.input, [network.get_layer(name).output for name in names])(images(2))
    np.testing.assert_array_equal(maps[0], maps[1])  # an identity
    assert maps[2].shape == (2, PX // 4, PX // 4, 6)  # a projection, to half the size
    np.testing.assert_array_equal(maps[2], maps[3])
    skips = [layer.name for layer in network.layers if layer.name.endswith("_skip")]
    assert skips == ["stage2_block1_skip"]


def test_concatenation_gives_the_mean_of_each_tapped_stage():
    network = with_random_normalisations(
        residual_network(image_size_px=PX, widths=(4, 6, 8, 10), taps=(1, 3), fusion="concatenate")
    )
    maps = [network.get_layer(f"stage{stage}_block1_relu").output for stage in (1, 3)]
    first, third = keras.Model(network.input, maps)(images(2), training=False)
    expected = np.concatenate([np.mean(x, axis=(1, 2)) for x in (first, third)], axis=1)
    np.testing.assert_allclose(network(images(2), training=False), expected, atol=1e-5)


def test_a_closed_gate_shuts_its_stage_out():
    network = with_random_normalisations(residual_network(image_size_px=PX, taps=(3, 4), fused_size=5))
    gate = network.get_layer("stage3_gate")
    gate.set_weights([np.zeros_like(gate.get_weights()[0]), np.full(5, -50, np.float32)])
    fourth = keras.Model(network.input, network.get_layer("stage4_gated").output)
    features = np.asarray(network(images(2), training=False))
    np.testing.assert_allclose(features, fourth(images(2), training=False), atol=1e-6)
    assert features.shape == (2, 5)
    assert np.abs(features).max() > 0.01


def test_frames_of_one_clip_see_each_other_and_no_other_clip():
    network = with_random_normalisations(residual_network(image_size_px=PX, num_frames=3))
    before, changed = images(6), images(6)
    changed[1] += 1
    difference = np.abs(np.subtract(*(network(x, training=False) for x in (before, changed)))).max(axis=1)
    assert (difference[:3] > 1e-4).all()
    np.testing.assert_array_equal(difference[3:], 0)


def test_a_factorised_convolution_has_about_as_many_weights_as_a_cube():
    network = residual_network(image_size_px=PX, num_blocks=(1,), widths=(32,), taps=(1,), num_frames=3)
    names = ("stage1_block1_second_space", "stage1_block1_second")
    weights = sum(network.get_layer(name).count_params() for name in names)
    assert weights == pytest.approx(3 * 3 * 3 * 32 * 32, rel=0.02)


def test_a_temporal_convolution_is_that_of_its_definition():
    layer = TemporalConvolution(2, 3, num_frames=4)
    x = np.random.default_rng(0).normal(size=(8, 2, 3, 5)).astype(np.float32)
    received = np.asarray(layer(x)).reshape(2, 4, 2, 3, 2)
    kernel, clips = np.asarray(layer.kernel)[:, 0], x.reshape(2, 4, 2, 3, 5)
    padded = np.pad(clips, ((0, 0), (1, 1), (0, 0), (0, 0), (0, 0)))
    expected = sum(padded[:, k : k + 4] @ kernel[k] for k in range(3))
    np.testing.assert_allclose(received, expected, atol=1e-5)


def test_differences_are_those_to_the_next_frame():
    x = np.random.default_rng(0).normal(size=(6, 2, 2, 3)).astype(np.float32)
    received = np.asarray(FrameDifferences(3)(x))
    expected = [x[1] - x[0], x[2] - x[1], x[2] - x[1], x[4] - x[3], x[5] - x[4], x[5] - x[4]]
    np.testing.assert_allclose(received, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_blocks": (1, 1)}, r"num_blocks \[1, 1\] and widths \[16, 32, 64, 128\]"),
        ({"widths": (16, 32, 0, 128)}, "a number of blocks and a width, from 1"),
        ({"taps": (2, 5)}, r"different stages of 1 to 4, got \[2, 5\]"),
        ({"taps": ()}, "different stages"),
        ({"image_size_px": 15}, "at least 16 for 4 stages, got 15"),
        ({"num_frames": -1}, "0 .single frames. or more, got -1"),
        ({"differences": True}, "2 or more for differences, got 0"),
        ({"temporal_kernel_size": 0}, "temporal_kernel_size: expected 1"),
        ({"fusion": "sum"}, "one of concatenate, gated, got 'sum'"),
    ],
)
def test_faulty_arguments_are_refused(options, message):
    with pytest.raises(SoraError, match=message):
        residual_network(**{"image_size_px": PX, **options})
