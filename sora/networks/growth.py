"""A trained head over time that gets another linear end, for further labels too.

From its summary of a video on, such a head is linear: an embedding, its normalisation, the logits.
"""

import keras
import numpy as np
from keras import layers

from sora.errors import SoraError

_FIXED_BATCH_SIZE = 16


def summaries_of(model: keras.Model, features: np.ndarray) -> np.ndarray:
    """Return what enters the linear end of a head, float32 (N, S), of features (N, T, F)."""
    summary = keras.Model(model.inputs, model.get_layer("summary_normalisation").output)
    return summary.predict(features, batch_size=_FIXED_BATCH_SIZE, verbose=0)


def with_linear_end(model: keras.Model, kernel: np.ndarray, bias: np.ndarray) -> keras.Model:
    """Return a copy of a head, without its temperature, whose logits are ``summary @ kernel + bias``.

    It shares no layer with ``model``. The embedding, through which the logits go, changes by the least that
    makes it hold them exactly.

    Args:
        model: of ``sora.networks.heads``, without probabilities of frames.
        kernel: float64 (S, C), for any number of labels C up to the size of the embedding.
        bias: float64 (C,).

    Raises:
        SoraError: there are more labels.
    """
    (vectors,) = model.get_layer("embedding_vector").get_weights()
    size, num_labels = vectors.shape[1], len(bias)
    if num_labels > size:
        raise SoraError(
            f"an embedding of {size} numbers cannot learn to hold {num_labels} labels; raise "
            "train.embedding_size and train from nothing: sora update --off"
        )
    gain, offset = _affine(model.get_layer("embedding_normalisation"))
    scaled = vectors * gain
    last = np.linalg.lstsq(scaled, kernel, rcond=None)[0]
    missing = (kernel - scaled @ last) @ np.linalg.pinv(gain[:, None] * last)
    copy = _with_logits(model, last, bias - offset @ last)
    copy.get_layer("embedding_vector").set_weights([vectors + missing])
    return copy


def _affine(normalisation: layers.BatchNormalization) -> tuple[np.ndarray, np.ndarray]:
    """Return the gain and the offset, float64 (E,), of a batch normalisation that is not trained."""
    gamma, beta, mean, variance = (each.astype(np.float64) for each in normalisation.get_weights())
    gain = gamma / np.sqrt(variance + normalisation.epsilon)
    return gain, beta - mean * gain


def _with_logits(model: keras.Model, kernel: np.ndarray, bias: np.ndarray) -> keras.Model:
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    old, last = copy.get_layer("logits"), copy.get_layer("probabilities")
    logits = layers.Dense.from_config({**old.get_config(), "units": len(bias)})
    scores = logits(old.input)
    logits.set_weights([kernel, bias])
    probabilities = type(last).from_config(last.get_config())(scores)
    outputs = [
        probabilities if name == "probabilities" else output
        for name, output in zip(copy.output_names, copy.outputs, strict=True)
    ]
    return keras.Model(copy.inputs, outputs, name=model.name)
