"""A trained classifier that gets other last weights, for further labels too."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

_FIXED_BATCH_SIZE = 16


def with_logits(model: keras.Model, kernel: np.ndarray, bias: np.ndarray) -> keras.Model:
    """Return a copy of a classifier of any kind, without its temperature, whose last weights are these.

    It shares no layer with ``model``.

    Args:
        kernel: float32 (D, C), D as before, for any number of labels C.
        bias: float32 (C,).
    """
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    old = copy.get_layer("logits")
    logits = layers.Dense.from_config({**old.get_config(), "units": len(bias)})
    last = copy.get_layer("probabilities")
    scores = logits(old.input)
    logits.set_weights([kernel, bias])
    probabilities = type(last).from_config(last.get_config())(scores)
    outputs = [
        probabilities if name == "probabilities" else output
        for name, output in zip(copy.output_names, copy.outputs, strict=True)
    ]
    return keras.Model(copy.inputs, outputs, name=model.name)
