"""What a classifier makes of time: each summary takes float32 (N, T, D) and gives one vector a video.

A summary that looks at moments one by one gives its sequence too, (N, T, U), for labels of single moments.
Loops do not convert to built-in LiteRT operators, so recurrent layers are unrolled.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import keras
from keras import layers

from sora.networks.layers import PositionEmbedding, TimeStatistics

MOMENTUM = 0.9  # of running means and deviations; the usual 0.99 forgets too slowly for a few hundred steps

_NUM_ATTENTION_HEADS = 4
_TCN_KERNEL_SIZE = 3


@dataclass(frozen=True)
class Size:
    """How large a summary is: the width of its sequence, its number of layers, and dropout within."""

    units: int
    num_layers: int
    dropout: float


class Summary(NamedTuple):
    """One vector a video, (N, S), and where there is one the sequence that it was made of, (N, T, U)."""

    vector: keras.KerasTensor
    sequence: keras.KerasTensor | None = None


_Pool = Callable[[], layers.Layer]
_Build = Callable[[keras.KerasTensor, Size], Summary]

# Nothing in these learns, and they give a fixed number of vectors of D columns.
POOLS: dict[str, _Pool] = {
    "mean": partial(layers.GlobalAveragePooling1D, name="statistics"),
    "max": partial(layers.GlobalMaxPooling1D, name="statistics"),
    "mean_std": partial(TimeStatistics, name="statistics"),
}


def recurrent(cell: type[layers.Layer], x: keras.KerasTensor, size: Size) -> Summary:
    """Layers of simple recurrent, LSTM or GRU cells; the summary is the last state."""
    x = _projected(x, size)
    for layer in range(size.num_layers):
        x = cell(size.units, unroll=True, return_sequences=True, name=f"recurrent{layer + 1}")(x)
    last = layers.Cropping1D((x.shape[1] - 1, 0), name="last_moment")(x)
    return Summary(layers.Reshape((size.units,), name="last_state")(last), x)


def bidirectional_lstm(x: keras.KerasTensor, size: Size) -> Summary:
    """LSTM layers in both directions; the summary is the mean of the sequence, which knows both ends."""
    x = _projected(x, size)
    for layer in range(size.num_layers):
        cells = layers.LSTM(size.units, unroll=True, return_sequences=True, name=f"cells{layer + 1}")
        x = layers.Bidirectional(cells, name=f"recurrent{layer + 1}")(x)
    return Summary(layers.GlobalAveragePooling1D(name="sequence_mean")(x), x)


def attention(x: keras.KerasTensor, size: Size) -> Summary:
    """Pool with weights that a small network gives each moment (Ilse et al., 2018, without gating)."""
    x = _projected(x, size)
    scores = layers.Dense(1, use_bias=False, name="scores")(x)
    weights = layers.Softmax(axis=1, name="attention")(scores)
    pooled = layers.Dot(axes=1, name="pooled")([weights, x])
    return Summary(layers.Reshape((size.units,), name="pooled_vector")(pooled), x)


def transformer(x: keras.KerasTensor, size: Size) -> Summary:
    """Encode with pre-norm blocks (Vaswani et al., 2017; Xiong et al., 2020) and learned positions; mean."""
    x = PositionEmbedding(name="positions")(_projected(x, size))
    for layer in range(size.num_layers):
        x = _encoder_block(x, size, f"encoder{layer + 1}")
    x = layers.LayerNormalization(name="encoded")(x)
    return Summary(layers.GlobalAveragePooling1D(name="sequence_mean")(x), x)


def temporal_convolution(x: keras.KerasTensor, size: Size) -> Summary:
    """Stack dilated causal convolutions (TCN: Bai et al., 2018); the summary is the mean of the sequence."""
    x = _projected(x, size)
    for layer in range(size.num_layers):
        x = _convolution_block(x, size, 2**layer, f"tcn{layer + 1}")
    return Summary(layers.GlobalAveragePooling1D(name="sequence_mean")(x), x)


SEQUENCES: dict[str, _Build] = {
    "rnn": partial(recurrent, layers.SimpleRNN),
    "lstm": partial(recurrent, layers.LSTM),
    "bilstm": bidirectional_lstm,
    "gru": partial(recurrent, layers.GRU),
    "attention": attention,
    "transformer": transformer,
    "tcn": temporal_convolution,
}


def _projected(x: keras.KerasTensor, size: Size) -> keras.KerasTensor:
    x = layers.Dense(size.units, use_bias=False, name="projection")(x)
    x = layers.BatchNormalization(momentum=MOMENTUM, name="projection_normalisation")(x)
    x = layers.Activation("tanh", name="projection_activation")(x)
    return layers.Dropout(size.dropout, name="projection_dropout")(x)


def _encoder_block(x: keras.KerasTensor, size: Size, name: str) -> keras.KerasTensor:
    y = layers.LayerNormalization(name=f"{name}_attention_normalisation")(x)
    width = max(1, size.units // _NUM_ATTENTION_HEADS)
    y = layers.MultiHeadAttention(_NUM_ATTENTION_HEADS, width, name=f"{name}_attention")(y, y)
    y = layers.Dropout(size.dropout, name=f"{name}_attention_dropout")(y)
    x = layers.Add(name=f"{name}_attended")([x, y])
    y = layers.LayerNormalization(name=f"{name}_mixing_normalisation")(x)
    y = layers.Dense(2 * size.units, "relu", name=f"{name}_mixing")(y)
    y = layers.Dense(size.units, name=f"{name}_mixed")(y)
    y = layers.Dropout(size.dropout, name=f"{name}_mixing_dropout")(y)
    return layers.Add(name=f"{name}_output")([x, y])


def _convolution_block(x: keras.KerasTensor, size: Size, dilation: int, name: str) -> keras.KerasTensor:
    y = x
    for part in ("first", "second"):
        y = layers.Conv1D(
            size.units,
            _TCN_KERNEL_SIZE,
            padding="causal",
            dilation_rate=dilation,
            use_bias=False,
            name=f"{name}_{part}",
        )(y)
        y = layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_{part}_normalisation")(y)
        y = layers.ReLU(name=f"{name}_{part}_relu")(y)
        y = layers.Dropout(size.dropout, name=f"{name}_{part}_dropout")(y)
    return layers.Add(name=f"{name}_output")([x, y])
