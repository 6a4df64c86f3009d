"""The small trainable network: from features of frames to class probabilities and an embedding."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
from keras import layers, ops, regularizers

from sora.errors import SoraError

_CLIP_AT = 5.0  # standard deviations
_EPSILON = 1e-6
_MOMENTUM = 0.9  # the usual 0.99 forgets too slowly for a few hundred steps


@keras.saving.register_keras_serializable(package="sora")
class Standardise(layers.Layer):
    """``clip((x - mean) / std, -limit, limit) * gain`` over the last axis, float32 of any leading shape.

    With ``columns``, pairs of start and stop, only these columns of the last axis are taken, in that order.

    Mean, std and gain are weights, so that they are saved with the others, but are never trained.
    """

    def __init__(
        self,
        limit: float = _CLIP_AT,
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


def build_classifier(
    *,
    head: str,
    num_segments: int,
    num_frame_features: int,
    num_motion_features: int,
    num_classes: int,
    frame_mean: np.ndarray,
    frame_std: np.ndarray,
    motion_mean: np.ndarray,
    motion_std: np.ndarray,
    embedding_size: int,
    units: int,
    dropout: float,
    l2: float,
    frame_blocks: Sequence[tuple[int, int]] | None = None,
) -> keras.Model:
    """Build the classifier of videos.

    Inputs: ``frames`` float32 (N, T, F) and ``motion`` float32 (N, T, M), features as stored, not scaled.
    Outputs: ``probabilities`` float32 (N, C), in 0..1 with sum 1, and ``embedding`` float32 (N, E), of
    length 1.

    ``head`` says how time is summed up: ``mean`` takes mean and deviation over time; ``gru`` and
    ``attention`` add a recurrent or an attending summary of ``units`` numbers; ``mean`` has no use for them.
    ``frame_blocks`` are the (start, stop) of groups of frame columns that weigh the same, as motion does;
    other columns are left out; one group of all by default. The weights start from Keras' global seed:
    call ``make_deterministic`` first.

    Raises:
        SoraError: there is no such head, or a block lies outside the columns.
    """
    if head not in _SUMMARIES:
        raise SoraError(f"head: expected one of {', '.join(_SUMMARIES)}, got {head!r}")
    blocks = [list(block) for block in frame_blocks or [(0, num_frame_features)]]
    if any(not 0 <= start < stop <= num_frame_features for start, stop in blocks):
        raise SoraError(f"frame_blocks: expected ranges within 0 to {num_frame_features}, got {blocks}")
    kept = np.concatenate([np.arange(start, stop) for start, stop in blocks])
    frames = keras.Input((num_segments, num_frame_features), name="frames")
    motion = keras.Input((num_segments, num_motion_features), name="motion")
    gains = _gains([*(stop - start for start, stop in blocks), num_motion_features])
    standard = [
        _standardised(frames, frame_mean[kept], frame_std[kept], gains[: len(kept)], blocks),
        _standardised(motion, motion_mean, motion_std, gains[len(kept) :]),
    ]
    x = layers.Concatenate(name="features")(standard)
    x = _SUMMARIES[head](x, units, dropout)
    outputs = _outputs(x, num_classes, embedding_size, dropout, l2)
    model = keras.Model([frames, motion], outputs, name=f"{head}_classifier")
    _weigh_blocks(model.get_layer("summary_normalisation"), gains)
    return model


def split_at_training(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Cut a classifier where its trainable layers begin; both parts share their layers with ``model``.

    The first has the inputs of ``model``; its outputs are the inputs of the second, which gives the
    probabilities only.
    """
    names = ["statistics"] if model.name == "mean_classifier" else ["statistics", "features"]
    cut = [model.get_layer(name).output for name in names]
    return keras.Model(model.inputs, cut), keras.Model(cut, model.outputs[0])


def _gains(sizes: Sequence[int]) -> np.ndarray:
    """Let each block have the same energy, and the mean energy of a column stay 1."""
    return np.concatenate([np.full(n, np.sqrt(sum(sizes) / (len(sizes) * n))) for n in sizes])


def _weigh_blocks(normalisation: layers.BatchNormalization, gains: np.ndarray) -> None:
    """Give the normalised means and deviations, which come first, the gains of their columns back."""
    gamma, *others = normalisation.get_weights()
    gamma[: 2 * len(gains)] = np.tile(gains, 2)
    normalisation.set_weights([gamma, *others])


def _standardised(
    x: keras.KerasTensor,
    mean: np.ndarray,
    std: np.ndarray,
    gain: np.ndarray,
    columns: list[list[int]] | None = None,
) -> keras.KerasTensor:
    layer = Standardise(columns=columns, name=f"standard_{x.name}")
    standard = layer(x)
    layer.set_weights([mean, std, gain])
    return standard


def _mean_summary(x: keras.KerasTensor, units: int, dropout: float) -> keras.KerasTensor:
    return TimeStatistics(name="statistics")(x)


def _gru_summary(x: keras.KerasTensor, units: int, dropout: float) -> keras.KerasTensor:
    # Unrolled, for a loop does not convert to built-in LiteRT operators.
    state = layers.GRU(units, unroll=True, name="gru")(_projected(x, units, dropout))
    return layers.Concatenate(name="summary")([TimeStatistics(name="statistics")(x), state])


def _attention_summary(x: keras.KerasTensor, units: int, dropout: float) -> keras.KerasTensor:
    """Pool with weights that a small network gives each moment (Ilse et al., 2018, without gating)."""
    projected = _projected(x, units, dropout)
    scores = layers.Dense(1, use_bias=False, name="scores")(projected)
    weights = layers.Softmax(axis=1, name="attention")(scores)
    pooled = layers.Dot(axes=1, name="pooled")([weights, projected])
    pooled = layers.Reshape((units,), name="pooled_vector")(pooled)
    return layers.Concatenate(name="summary")([TimeStatistics(name="statistics")(x), pooled])


def _projected(x: keras.KerasTensor, units: int, dropout: float) -> keras.KerasTensor:
    x = layers.Dense(units, use_bias=False, name="projection")(x)
    x = layers.BatchNormalization(momentum=_MOMENTUM, name="projection_normalisation")(x)
    x = layers.Activation("tanh", name="projection_activation")(x)
    return layers.Dropout(dropout, name="projection_dropout")(x)


def _outputs(
    x: keras.KerasTensor, num_classes: int, embedding_size: int, dropout: float, l2: float
) -> list[keras.KerasTensor]:
    """Stay linear up to the softmax: with a few hundred videos every bend costs accuracy."""
    penalty = regularizers.L2(l2)
    x = layers.BatchNormalization(momentum=_MOMENTUM, name="summary_normalisation")(x)
    x = layers.Dropout(dropout, name="summary_dropout")(x)
    x = layers.Dense(embedding_size, use_bias=False, kernel_regularizer=penalty, name="embedding_vector")(x)
    x = layers.BatchNormalization(momentum=_MOMENTUM, name="embedding_normalisation")(x)
    embedding = layers.UnitNormalization(name="embedding")(x)
    x = layers.Dropout(dropout, name="embedding_dropout")(x)
    logits = layers.Dense(num_classes, kernel_regularizer=penalty, name="logits")(x)
    return [layers.Softmax(name="probabilities")(logits), embedding]


_Summary = Callable[[keras.KerasTensor, int, float], keras.KerasTensor]
_SUMMARIES: dict[str, _Summary] = {
    "mean": _mean_summary,
    "gru": _gru_summary,
    "attention": _attention_summary,
}
