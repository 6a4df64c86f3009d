import keras
import numpy as np
import pytest
from keras import layers
from toy_videos import BLOCKS, F, T, classifier, videos

from sora.compression.narrowing import narrow
from sora.errors import SoraError
from sora.networks.layers import Standardise
from sora.networks.scaling import standardisation, standardised, whitening
from sora.training.linear import LinearClassifier, build_linear
from sora.training.linear_blocks import fitted_block, pooled_over_time
from sora.training.linear_classifiers import Weights

TRAIN = videos(30)
KEPT = np.ones(F, bool)
KEPT[[0, 3, 4, 13]] = False


def linear_head() -> keras.Model:
    rng, pooled = np.random.default_rng(0), pooled_over_time(TRAIN.features)
    blocks = tuple(fitted_block(pooled, [block]) for block in BLOCKS)
    logits, embedding = (Weights(rng.normal(size=(2 * F, n)), rng.normal(size=n)) for n in (3, 5))
    return build_linear(LinearClassifier(blocks, logits, embedding, False), T, F)


def projected_head() -> keras.Model:
    mean, std = standardisation(TRAIN.features)
    rows = standardised(TRAIN.features, BLOCKS, mean, std)
    projection = whitening(rows.reshape(-1, rows.shape[-1]), 6)
    return classifier("transformer", TRAIN, statistics=False, projection=projection)


@pytest.mark.parametrize(
    "build", [linear_head, projected_head, lambda: classifier("lstm", TRAIN, statistics=False), classifier]
)
def test_a_head_without_columns_answers_as_if_they_were_at_their_mean(build):
    head = build()
    narrower, _ = narrow(head, {"features": KEPT})
    assert narrower.input_shape == (None, T, KEPT.sum())
    layer = next(layer for layer in head.layers if isinstance(layer, Standardise))
    selected = np.concatenate([np.arange(start, stop) for start, stop in layer.columns])
    mean, std, gain = layer.get_weights()
    layer.set_weights([mean, std, gain * KEPT[selected % F]])
    found, expected = narrower(TRAIN.features[..., KEPT]), head(TRAIN.features)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-3)  # the deviation of a constant is not wholly 0


def features_of_a_map() -> keras.Model:
    images = keras.Input((8, 8, 3), name="images")
    x = layers.Conv2D(4, 3, padding="same", name="first")(images)
    early = layers.GlobalAveragePooling2D(name="early")(x)
    x = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(layers.ReLU(name="relu")(x))
    x = layers.BatchNormalization(name="bn")(layers.Conv2D(6, 1, name="last")(x))
    quadrants = layers.Reshape((24,), name="quadrants")(layers.AveragePooling2D(4, name="pooled")(x))
    mean = layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(images, layers.Concatenate(name="features")([early, mean, quadrants]))


def test_a_map_without_channels_gives_the_columns_of_the_others():
    keras.utils.set_random_seed(0)
    network = features_of_a_map()
    stays = np.array([True, False, True, True, False, True])
    narrower, left = narrow(network, {"last": stays})
    images = np.random.default_rng(0).normal(size=(3, 8, 8, 3)).astype(np.float32)
    np.testing.assert_array_equal(left, np.concatenate([[True] * 4, stays, np.tile(stays, 4)]))
    np.testing.assert_allclose(narrower(images), np.asarray(network(images))[:, left], atol=1e-6)


def test_what_goes_counts_as_zero_to_a_convolution():
    keras.utils.set_random_seed(0)
    network = features_of_a_map()
    stays = np.array([True, False, True, True])
    narrower, left = narrow(network, {"first": stays})
    kernel, bias = network.get_layer("first").get_weights()
    network.get_layer("first").set_weights([kernel * stays, bias * stays])
    images = np.random.default_rng(0).normal(size=(3, 8, 8, 3)).astype(np.float32)
    np.testing.assert_allclose(narrower(images), np.asarray(network(images))[:, left], atol=1e-6)


def test_a_layer_that_needs_all_channels_is_named():
    images = keras.Input((8, 8, 3), name="images")
    x = layers.Conv2D(3, 1, name="first")(images)
    network = keras.Model(images, layers.Add(name="skip")([images, x]))
    with pytest.raises(SoraError, match="skip: a Add needs all of its channels"):
        narrow(network, {"first": np.array([True, False, True])})
