"""A head for a compressed backbone: what int8 or pruning does to each column on average is undone.

Fine-tuning a linear head with weights rounded to int8 (straight-through gradients: Jacob et al., 2018,
https://arxiv.org/abs/1712.05877) was tried beside this, and so was fitting it anew to the int8 features: the
first changed no answer, the second more of them. The head's own weights lose nothing as int8.
"""

import keras
import numpy as np

from sora.errors import SoraError
from sora.networks.layers import Standardise

_BATCH_SIZE = 32
_MAX_SLOPE = 2.0  # a column that has become noise is neither blown up nor turned round


def corrected_head(head: keras.Model, wanted: np.ndarray, given: np.ndarray) -> keras.Model:
    """Copy a head for a compressed backbone, by the features of the same training videos from both backbones.

    For each column a line from what the compressed backbone gives to what the full one gave, by least
    squares, goes into the mean and the deviation of the ``Standardise`` that every head has. (Corrections of
    the bias that int8 brings: Nagel et al., 2019, https://arxiv.org/abs/1906.04721.)

    Args:
        head: any classifier of features; it is not changed.
        wanted: float32 (N, T, F), by the full backbone.
        given: float32 (N, T, F), by the compressed one.

    Raises:
        SoraError: the features are not of equally many videos and columns.
    """
    if wanted.shape != given.shape or not len(given):
        raise SoraError(
            f"features of both backbones: expected equal shapes, got {wanted.shape}, {given.shape}"
        )
    copy = keras.models.clone_model(head)
    copy.set_weights(head.get_weights())
    layer = next(layer for layer in copy.layers if isinstance(layer, Standardise))
    x, y = _columns(copy, layer, given), _columns(copy, layer, wanted)
    x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
    variance = np.square(x - x_mean).mean(axis=0)
    slope = ((x - x_mean) * (y - y_mean)).mean(axis=0) / np.maximum(variance, np.finfo(np.float32).tiny)
    slope = np.clip(slope, 1 / _MAX_SLOPE, _MAX_SLOPE)
    mean, std, gain = layer.get_weights()
    layer.set_weights([x_mean - (y_mean - mean) / slope, std / slope, gain])
    return copy


def _columns(head: keras.Model, layer: Standardise, features: np.ndarray) -> np.ndarray:
    """Give what a Standardise takes of each video or moment, float64 (rows, columns)."""
    part = keras.Model(head.input, layer.input)
    starts = range(0, len(features), _BATCH_SIZE)
    rows = np.concatenate([part(features[i : i + _BATCH_SIZE], training=False) for i in starts])
    rows = rows.reshape(-1, rows.shape[-1]).astype(np.float64)
    return np.concatenate([rows[:, a:b] for a, b in layer.columns or [[0, rows.shape[1]]]], axis=1)
