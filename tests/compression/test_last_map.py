import keras
import numpy as np
import pytest
from keras import layers
from toy_videos import F, T, classifier

from sora.compression.last_map import Pair, prune_last_map
from sora.errors import SoraError

CHANNELS, STREAMS = 16, 2
COLUMNS = {"stage3": slice(0, 3), "mean": slice(3, 19), "quadrants": slice(19, 83)}
NUM_OTHERS = 5


def backbone() -> keras.Model:
    keras.utils.set_random_seed(0)
    images = keras.Input((8, 8, 3), name="images")
    early = layers.GlobalAveragePooling2D(name="stage3_mean")(images)
    x = layers.Conv2D(CHANNELS, 1, name="last")(images)
    quadrants = layers.Reshape((4 * CHANNELS,), name="quadrants")(layers.AveragePooling2D(4)(x))
    mean = layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(images, layers.Concatenate(name="features")([early, mean, quadrants]))


def head_that_uses(channels: list[int]) -> keras.Model:
    num_columns = STREAMS * 83 + NUM_OTHERS
    features = keras.Input((T, num_columns), name="features")
    pooled = layers.GlobalAveragePooling1D(name="statistics")(features)
    kernel = np.random.default_rng(1).normal(size=(num_columns, 3))
    channel = np.r_[np.full(3, 99), np.tile(np.arange(CHANNELS), 5)]
    used = np.r_[np.tile(np.isin(channel, channels), STREAMS), np.ones(NUM_OTHERS, bool)]
    logits = layers.Dense(3, name="logits")(pooled)
    model = keras.Model(features, [layers.Softmax(name="probabilities")(logits), logits])
    model.get_layer("logits").set_weights([kernel * used[:, None], np.zeros(3)])
    return model


def test_channels_that_the_head_does_not_use_go_from_both():
    used = [0, 2, 3, 5, 8, 11, 13, 15]
    pair = Pair(backbone(), head_that_uses(used))
    rng = np.random.default_rng(0)
    images = rng.normal(size=(STREAMS, T, 8, 8, 3)).astype(np.float32)
    others = rng.normal(size=(T, NUM_OTHERS)).astype(np.float32)

    def answer(given: Pair) -> np.ndarray:
        seen = np.concatenate([*(np.asarray(given.backbone(each)) for each in images), others], axis=1)
        return np.asarray(given.head(seen[None])[0])

    features = rng.normal(size=(12, T, STREAMS * 83 + NUM_OTHERS)).astype(np.float32)
    pruned = prune_last_map(pair, 0.5, features, COLUMNS, STREAMS)
    assert pruned.backbone.get_layer("last").filters == 8
    assert pruned.backbone.output_shape == (None, 3 + 5 * 8)
    assert pruned.head.input_shape == (None, T, STREAMS * 43 + NUM_OTHERS)
    np.testing.assert_allclose(answer(pruned), answer(pair), atol=1e-5)


def test_features_of_another_backbone_are_refused():
    features = np.zeros((2, T, F), np.float32)
    with pytest.raises(SoraError, match="and its features"):
        prune_last_map(Pair(backbone(), classifier()), 0.5, features, COLUMNS, STREAMS)
