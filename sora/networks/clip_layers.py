"""Keras layers that let image networks work on clips, by folding time into the batch."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="sora")
class FoldTime(layers.Layer):
    """Lay the frames of all clips in one batch: (N, T, ...) to (N * T, ...), any dtype."""

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Keep the frames of a clip side by side."""
        return ops.reshape(x, (-1, *x.shape[2:]))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Leave the axes of one frame."""
        return (None, *input_shape[2:])


@keras.saving.register_keras_serializable(package="sora")
class UnfoldTime(layers.Layer):
    """Undo ``FoldTime`` for clips of ``num_frames`` frames: (N * T, ...) to (N, T, ...)."""

    def __init__(self, num_frames: int, **options: object) -> None:
        super().__init__(**options)
        self.num_frames = num_frames

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Take ``num_frames`` neighbours of the batch as one clip."""
        return ops.reshape(x, (-1, self.num_frames, *x.shape[1:]))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Put the time after the batch."""
        return (None, self.num_frames, *input_shape[1:])

    def get_config(self) -> dict:
        """Give what the constructor needs."""
        return {**super().get_config(), "num_frames": self.num_frames}


@keras.saving.register_keras_serializable(package="sora")
class TemporalConvolution(layers.Layer):
    """Convolve each place of the map along time: float32 (N * T, H, W, C) to (N * T, H, W, filters).

    ``num_frames`` neighbours of the batch are the frames of one clip, with zeros before its first and after
    its last. It is the kx1x1 half of a (2+1)D convolution (Tran et al., 2018), without bias.
    """

    def __init__(self, filters: int, kernel_size: int, num_frames: int, **options: object) -> None:
        super().__init__(**options)
        self.filters = filters
        self.kernel_size = kernel_size
        self.num_frames = num_frames

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the kernel, (kernel_size, 1, C, filters)."""
        shape = (self.kernel_size, 1, input_shape[-1], self.filters)
        self.kernel = self.add_weight(shape=shape, initializer="he_normal", name="kernel")

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Convolve maps of time by place, so that two-dimensional operators suffice."""
        _, height, width, num_channels = x.shape
        x = ops.reshape(x, (-1, self.num_frames, height * width, num_channels))
        x = ops.conv(x, self.kernel, padding="same")
        return ops.reshape(x, (-1, height, width, self.filters))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Change the channels only."""
        return (*input_shape[:-1], self.filters)

    def get_config(self) -> dict:
        """Give what the constructor needs."""
        own = {"filters": self.filters, "kernel_size": self.kernel_size, "num_frames": self.num_frames}
        return {**super().get_config(), **own}
