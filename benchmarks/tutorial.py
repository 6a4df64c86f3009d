"""The usual tutorial's classifier of videos, to compare with: features of frames and two GRU layers."""

from typing import TYPE_CHECKING

import numpy as np

from sora.features import FeatureSet
from sora.training.fitted import targets

if TYPE_CHECKING:
    import keras


def fit_tutorial(features: FeatureSet, labels: list[str], seed: int) -> tuple["keras.Model", float]:
    """Train the usual recipe: frozen features, GRU 16 and 8, dropout 0.4, Adam, 10 epochs, best of them.

    As the Keras example "Video classification with a CNN-RNN architecture" has it, on this backbone's
    features; its validation split is the last 30 % of the rows, whatever group they are of.
    """
    import keras
    from keras import layers

    from sora.networks.determinism import make_deterministic

    make_deterministic(seed)
    x = features.features[..., features.columns["rgb.mean"]]
    y = targets(features.videos["label"], labels).argmax(axis=1)
    order = np.random.default_rng(seed).permutation(len(y))
    x, y = x[order], y[order]
    inputs = keras.Input(x.shape[1:])
    outputs = layers.GRU(16, return_sequences=True)(inputs)
    outputs = layers.Dropout(0.4)(layers.GRU(8)(outputs))
    outputs = layers.Dense(8, activation="relu")(outputs)
    model = keras.Model(inputs, layers.Dense(len(labels), activation="softmax")(outputs))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    best = BestWeights()
    model.fit(x, y, epochs=10, validation_split=0.3, verbose=0, callbacks=[best.callback()])
    model.set_weights(best.weights)
    return model, best.accuracy


class BestWeights:
    """Keeps the weights of the epoch with the lowest validation loss, as ModelCheckpoint would on disk."""

    def __init__(self) -> None:
        self.loss, self.accuracy = float("inf"), 0.0
        self.weights: list[np.ndarray] = []

    def callback(self) -> "keras.callbacks.Callback":
        """Give what Keras calls after each epoch."""
        import keras

        callback = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda _, logs: self._look(callback.model, logs)
        )
        return callback

    def _look(self, model: "keras.Model", logs: dict[str, float]) -> None:
        if logs["val_loss"] < self.loss:
            self.loss, self.accuracy = logs["val_loss"], logs["val_accuracy"]
            self.weights = model.get_weights()
