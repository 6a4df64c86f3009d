"""The layer that gives each backbone its own form of the pixels, so that all take the same input."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers, ops

_INPUT_MEAN, _INPUT_SCALE = 127.0, 128.0


@keras.saving.register_keras_serializable(package="sora")
class PixelConvention(layers.Layer):
    """Turn images, float32 RGB (N, S, S, 3), (rgb - 127) / 128, into ``(rgb - mean) / scale``.

    ``mean`` and ``scale`` are per channel of RGB; with ``is_bgr`` the channels then come out in the order blue,
    green, red. The layer has no weights.
    """

    def __init__(
        self, mean: Sequence[float], scale: Sequence[float], is_bgr: bool, **options: object
    ) -> None:
        super().__init__(**options)
        self.mean, self.scale, self.is_bgr = list(mean), list(scale), is_bgr

    def affine(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the matrix (3, 3) from input to output channels and the offset (3,), float32."""
        matrix = np.diag(_INPUT_SCALE / np.array(self.scale))
        offset = (_INPUT_MEAN - np.array(self.mean)) / np.array(self.scale)
        if self.is_bgr:
            matrix, offset = matrix[:, ::-1], offset[::-1]
        return matrix.astype(np.float32), offset.astype(np.float32)

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Apply the formula of the class."""
        matrix, offset = self.affine()
        return ops.matmul(x, matrix) + offset

    def get_config(self) -> dict:
        """Give what the constructor needs."""
        return {**super().get_config(), "mean": self.mean, "scale": self.scale, "is_bgr": self.is_bgr}
