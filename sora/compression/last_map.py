"""Structured pruning of a backbone's last map, from the head: what the head hardly uses goes from both.

Elsewhere the features keep their columns; here they lose some, so that backbone and head change together.
"""

from collections.abc import Mapping
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from sora.compression.narrowing import narrow
from sora.errors import SoraError

_LAST_MAP = ("mean", "max", "quadrants")  # blocks of columns that are made of the last map
_MULTIPLE = 8  # of channels that stay
_BATCH_SIZE = 32


class Pair(NamedTuple):
    """Networks that fit each other: images to features, and features to answers."""

    backbone: keras.Model
    head: keras.Model


def prune_last_map(
    pair: Pair, share: float, features: np.ndarray, columns: Mapping[str, slice], num_streams: int
) -> Pair:
    """Remove the channels of the last map that the head uses least.

    A channel counts by what the head's margin would change by if its columns became their mean, to first
    order (Molchanov et al., 2017, https://arxiv.org/abs/1611.06440), squared and summed over videos, moments
    and columns. Every head reads its columns through a ``Standardise``, for which a missing column is one at
    its mean.

    Args:
        pair: a backbone of ``sora.networks.backbones`` whose last map is that of a plain convolution, and a
            head of any kind; neither is changed.
        share: of the channels of the last map, 0 to below 1. What stays is rounded to a multiple of 8.
        features: float32 (N, T, F) of training videos: the backbone's columns of each stream, then others.
        columns: the backbone's columns, as ``feature_blocks`` gives them.
        num_streams: how many streams there are.

    Raises:
        SoraError: the arguments do not fit each other, or the last map is not that of a plain convolution.
    """
    backbone, head = pair
    last = next((x for x in reversed(backbone.layers) if type(x) is layers.Conv2D), None)
    width = backbone.output_shape[1]
    if not 0 <= share < 1 or last is None or width * num_streams > features.shape[-1]:
        raise SoraError(
            "last map: expected a share from 0 to below 1, a convolutional backbone and its features, got "
            f"{share}, {backbone.name} and features of shape {features.shape}"
        )
    channels = np.full(width, -1)
    for name in set(columns) & set(_LAST_MAP):
        channels[columns[name]] = np.arange(columns[name].stop - columns[name].start) % last.filters
    of_columns = _importance(head, features)
    of_streams = of_columns[: width * num_streams].reshape(num_streams, width).sum(axis=0)
    importance = np.bincount(channels[channels >= 0], of_streams[channels >= 0], last.filters)
    num_kept = max(_MULTIPLE, round((1 - share) * last.filters / _MULTIPLE) * _MULTIPLE)
    kept = np.zeros(last.filters, bool)
    kept[np.argsort(-importance, kind="stable")[:num_kept]] = True
    narrower, left = narrow(backbone, {last.name: kept})
    others = np.ones(features.shape[-1] - width * num_streams, bool)
    columns_left = np.concatenate([*[left] * num_streams, others])
    return Pair(narrower, narrow(head, {head.inputs[0].name: columns_left})[0])


def _importance(head: keras.Model, features: np.ndarray) -> np.ndarray:
    """Give the squared first-order change of the margin, float64 (F,), for each column set to its mean."""
    margin_of = keras.Model(head.input, head.get_layer("logits").output)
    mean, total = features.mean(axis=(0, 1)), np.zeros(features.shape[-1])
    for start in range(0, len(features), _BATCH_SIZE):
        batch = tf.constant(features[start : start + _BATCH_SIZE])
        with tf.GradientTape() as tape:
            tape.watch(batch)
            logits = margin_of(batch, training=False)
            margins = ops.sum(ops.max(logits, axis=-1) - ops.mean(logits, axis=-1))
        change = (batch - mean) * tape.gradient(margins, batch)
        total += np.square(np.asarray(change), dtype=np.float64).sum(axis=(0, 1))
    return total
