"""Linear classifiers of whole videos, written as Dense layers; ``sora.training.linear_fit`` makes them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sora.training.fusion import probabilities_of
from sora.training.linear_blocks import Block, pooled_over_time
from sora.training.linear_classifiers import Weights

if TYPE_CHECKING:
    import keras

_MIN_LENGTH = 1e-6  # as keras.layers.UnitNormalization


@dataclass(frozen=True)
class LinearClassifier:
    """A fitted classifier; ``x`` are the standardised columns, all blocks side by side, P in all.

    Attributes:
        blocks: the standardisation of each block that counts.
        logits: ``x @ kernel + bias``, kernel float32 (P, C).
        embedding: ``x @ kernel + bias`` before it is given length 1, kernel float32 (P, E).
        several_labels: whether the logits are of sigmoids, not of one softmax.
    """

    blocks: tuple[Block, ...]
    logits: Weights
    embedding: Weights
    several_labels: bool

    def predict(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give probabilities (N, C) and unit embeddings (N, E) of features float32 (N, T, F)."""
        pooled = pooled_over_time(features)
        x = np.concatenate([block.standardised(pooled) for block in self.blocks], axis=1)
        logits = x @ self.logits.kernel + self.logits.bias
        embedding = x @ self.embedding.kernel + self.embedding.bias
        length = np.maximum(np.linalg.norm(embedding, axis=1, keepdims=True), _MIN_LENGTH)
        return probabilities_of(logits, several_labels=self.several_labels), embedding / length


def build_linear(classifier: LinearClassifier, num_segments: int, num_features: int) -> "keras.Model":
    """Write a classifier as a Keras model that gives what ``predict`` gives.

    Input: ``features`` float32 (N, num_segments, num_features), as stored. Outputs: ``probabilities`` float32
    (N, C), in 0..1, and ``embedding`` float32 (N, E), of length 1.
    """
    import keras
    from keras import layers

    from sora.networks.layers import Standardise, TimeStatistics

    features = keras.Input((num_segments, num_features), name="features")
    columns = [list(pair) for block in classifier.blocks for pair in block.columns]
    standardise = Standardise(columns=columns, name="standard")
    x = standardise(TimeStatistics(name="statistics")(features))
    standardise.set_weights(
        [
            np.concatenate([block.mean for block in classifier.blocks]),
            np.concatenate([block.std for block in classifier.blocks]),
            np.concatenate([np.full(len(block.mean), block.gain) for block in classifier.blocks]),
        ]
    )
    logits = _dense(x, classifier.logits, "logits")
    activation = "sigmoid" if classifier.several_labels else "softmax"
    probabilities = layers.Activation(activation, name="probabilities")(logits)
    embedding = layers.UnitNormalization(name="embedding")(_dense(x, classifier.embedding, "components"))
    return keras.Model(features, [probabilities, embedding], name="linear_classifier")


def _dense(x: "keras.KerasTensor", weights: Weights, name: str) -> "keras.KerasTensor":
    from keras import layers

    layer = layers.Dense(len(weights.bias), name=name)
    outputs = layer(x)
    layer.set_weights(list(weights))
    return outputs
