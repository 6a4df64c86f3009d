"""Where plain int8 loses accuracy: a head that has got used to an int8 backbone, and to int8 weights."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from keras import ops, optimizers

from sora.errors import SoraError
from sora.networks.determinism import make_deterministic
from sora.networks.layers import Standardise

_LEVELS = 127  # int8 weights of LiteRT are symmetric
_KERNELS = ("kernel", "recurrent_kernel")


@dataclass(frozen=True)
class TuningPlan:
    """How a head is fine-tuned: Adam, whose learning rate a cosine takes to 0.

    Attributes:
        epochs: passes over the videos, at least 1.
        batch_size: videos for one step.
        learning_rate: at the first step.
        int8_weights: whether the head's own kernels are to be int8.
        seed: of the order of the videos.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    int8_weights: bool = True
    seed: int = 0


def tuned_head(
    head: keras.Model, features: np.ndarray, answers: Sequence[np.ndarray], plan: TuningPlan
) -> keras.Model:
    """Fine-tune a copy of a head to give on an int8 backbone's features what it gives on float ones.

    Quantisation-aware training as in Jacob et al., 2018 (https://arxiv.org/abs/1712.05877): every step is
    computed with kernels rounded to int8, and its gradient changes the kernels before rounding (the
    straight-through estimator). It needs no labels, and normalisations keep their statistics.

    Args:
        head: any classifier; it is not changed.
        features: float32 (N, T, F), of training videos, by the int8 backbone.
        answers: what ``head`` gives on the float backbone's features of the same videos, one array an output.
        plan: how to train.

    Returns:
        The copy; with ``int8_weights`` its kernels are multiples of 1/127 of their largest weight.

    Raises:
        SoraError: features and answers are not of equally many videos, or the plan has no step.
    """
    if {len(features)} != {len(answer) for answer in answers} or plan.epochs < 1 or plan.batch_size < 1:
        raise SoraError(
            f"head: expected answers to {len(features)} videos, 1 epoch and 1 video a batch or more; got "
            f"answers to {[len(answer) for answer in answers]}, {plan.epochs} and {plan.batch_size}"
        )
    make_deterministic(plan.seed)
    tuned = keras.models.clone_model(head)
    tuned.set_weights(head.get_weights())
    weights = tuned.trainable_variables
    exact = [keras.Variable(weight) for weight in weights]
    num_steps = plan.epochs * math.ceil(len(features) / plan.batch_size)
    optimizer = optimizers.Adam(optimizers.schedules.CosineDecay(plan.learning_rate, num_steps))
    optimizer.build(exact)
    rng = np.random.default_rng(plan.seed)
    for _ in range(plan.epochs):
        order = rng.permutation(len(features))
        for start in range(0, len(order), plan.batch_size):
            rows = order[start : start + plan.batch_size]
            _assign(weights, exact, plan.int8_weights)
            gradients = _gradients(tuned, features[rows], [answer[rows] for answer in answers])
            optimizer.apply_gradients(zip(gradients, exact, strict=True))
    _assign(weights, exact, plan.int8_weights)
    return tuned


def as_int8(kernel: np.ndarray) -> np.ndarray:
    """Round a kernel to what int8 holds: multiples of 1/127 of the largest weight of each output."""
    step = np.abs(kernel).max(axis=tuple(range(kernel.ndim - 1))) / _LEVELS
    return np.round(kernel / np.maximum(step, 1e-12)) * step


def _assign(weights: Sequence[keras.Variable], exact: Sequence[keras.Variable], int8: bool) -> None:
    for weight, value in zip(weights, exact, strict=True):
        array = np.asarray(value)
        weight.assign(as_int8(array) if int8 and weight.name in _KERNELS else array)


def _gradients(head: keras.Model, features: np.ndarray, answers: Sequence[np.ndarray]) -> list[tf.Tensor]:
    with tf.GradientTape() as tape:
        given = keras.tree.flatten(head(features, training=False))
        loss = sum(ops.mean(ops.square(a - b)) for a, b in zip(given, answers, strict=True))
    return tape.gradient(loss, head.trainable_variables)


def rescaled_head(head: keras.Model, float_features: np.ndarray, int8_features: np.ndarray) -> keras.Model:
    """Copy a head, and let its ``Standardise`` undo what int8 does to each column on average.

    A line from the int8 column to the float one, by least squares over training videos, goes into the mean
    and the deviation. (Corrections of the bias that int8 brings: Nagel et al., 2019,
    https://arxiv.org/abs/1906.04721.)

    Args:
        head: any classifier of features; it is not changed.
        float_features, int8_features: float32 (N, T, F), of the same training videos by both backbones.
    """
    corrected = keras.models.clone_model(head)
    corrected.set_weights(head.get_weights())
    layer = next(layer for layer in corrected.layers if isinstance(layer, Standardise))
    part = keras.Model(corrected.input, layer.input)
    wanted, given = (_columns(part, layer, features) for features in (float_features, int8_features))
    mean, std, gain = layer.get_weights()
    centred = given - given.mean(axis=0)
    slope = (centred * (wanted - wanted.mean(axis=0))).mean(axis=0) / np.maximum(
        np.square(centred).mean(axis=0), 1e-12
    )
    slope = np.clip(slope, 0.5, 2.0)  # a column that int8 has made noise of is not turned round
    layer.set_weights([given.mean(axis=0) - (wanted.mean(axis=0) - mean) / slope, std / slope, gain])
    return corrected


def _columns(part: keras.Model, layer: Standardise, features: np.ndarray) -> np.ndarray:
    """Give what a Standardise selects, float64 (rows, columns)."""
    batches = [np.asarray(part(features[i : i + 32], training=False)) for i in range(0, len(features), 32)]
    x = np.concatenate(batches).astype(np.float64)
    x = x.reshape(-1, x.shape[-1])
    return np.concatenate([x[:, a:b] for a, b in layer.columns or [[0, x.shape[1]]]], axis=1)
