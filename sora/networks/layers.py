"""The layers of Sora's own, each made of operators that LiteRT has built in."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers, ops

from sora.networks.scaling import LIMIT

_EPSILON = 1e-6


@keras.saving.register_keras_serializable(package="sora")
class Standardise(layers.Layer):
    """``clip((x - mean) / std, -limit, limit) * gain`` over the last axis, float32 of any leading shape.

    With ``columns``, pairs of start and stop, only these columns of the last axis are taken, in that order.

    Mean, std and gain are weights, so that they are saved with the others, but are never trained.
    """

    def __init__(
        self,
        limit: float = LIMIT,
        columns: Sequence[Sequence[int]] | None = None,
        **options: object,
    ) -> None:
        super().__init__(trainable=False, **{k: v for k, v in options.items() if k != "trainable"})
        self.limit = limit
        self.columns = columns

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the three vectors, which change nothing until ``set_weights([mean, std, gain])``."""
        size = sum(b - a for a, b in self.columns) if self.columns else input_shape[-1]
        for name, start in (("mean", "zeros"), ("std", "ones"), ("gain", "ones")):
            weight = self.add_weight(shape=(size,), initializer=start, trainable=False, name=name)
            setattr(self, name, weight)

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Apply the formula of the class."""
        if self.columns:
            x = ops.concatenate([x[..., a:b] for a, b in self.columns], axis=-1)
        return ops.clip((x - self.mean) / self.std, -self.limit, self.limit) * self.gain

    def get_config(self) -> dict:
        """Give what the constructor needs."""
        return {**super().get_config(), "limit": self.limit, "columns": self.columns}


@keras.saving.register_keras_serializable(package="sora")
class TimeStatistics(layers.Layer):
    """Mean and standard deviation over time side by side: float32 (N, T, D) to (N, 2 * D)."""

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Give the means first, then the deviations."""
        mean = ops.mean(x, axis=1, keepdims=True)
        variance = ops.mean(ops.square(x - mean), axis=1)
        deviation = ops.sqrt(variance + _EPSILON)
        return ops.concatenate([ops.squeeze(mean, axis=1), deviation], axis=-1)


@keras.saving.register_keras_serializable(package="sora")
class PositionEmbedding(layers.Layer):
    """Adds a learned vector for each moment, so that order can be told: float32 (N, T, D) to the same.

    The vectors start as the waves of Vaswani et al. (2017): far apart from the first step on.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the vectors, (T, D)."""
        self.positions = self.add_weight(shape=input_shape[1:], initializer=_waves, name="positions")

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Add the vectors."""
        return x + self.positions


def _waves(shape: Sequence[int], dtype: str | None = None) -> np.ndarray:
    num_moments, width = shape
    column = np.arange(width)
    angles = np.arange(num_moments)[:, None] / 10_000 ** (2 * (column // 2) / width)
    return np.where(column % 2, np.cos(angles), np.sin(angles)).astype(dtype or np.float32)
