"""A network without some of its channels: what one layer no longer gives, no other takes."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import keras
import numpy as np
from keras import layers

from sora.errors import SoraError
from sora.networks.layers import Standardise, TimeStatistics

Kept: TypeAlias = np.ndarray  # bool, as long as the last axis of a tensor: which of its numbers stay


class _Narrow(NamedTuple):
    """What a layer becomes: its weights, options of its constructor, and what stays of its output."""

    weights: list[np.ndarray]
    options: dict[str, Any]
    output: Kept


def narrow(model: keras.Model, kept: Mapping[str, Kept]) -> tuple[keras.Model, Kept]:
    """Build a functional model without some channels, or without some columns of its input.

    What goes is not made up for: those who took it compute as if it were 0, a head as if it were the mean.

    Args:
        model: not changed.
        kept: for convolutions and input layers, by their names: which channels stay, bool (C,).

    Returns:
        The new model, whose layers bear the same names, and which columns of its first output stay.

    Raises:
        SoraError: a layer that takes channels that go cannot do without them.
    """
    stays: dict[int, Kept] = {}
    changes = {}
    for layer in model.operations:
        is_input = isinstance(layer, layers.InputLayer)
        given = [] if is_input else [stays[id(tensor)] for tensor in keras.tree.flatten(layer.input)]
        own = kept.get(layer.name, np.ones(layer.output.shape[-1], bool))
        changes[layer.name] = _change(layer, given, own)
        stays[id(layer.output)] = changes[layer.name].output

    def changed(layer: keras.Layer) -> keras.Layer:
        return layer.__class__.from_config({**layer.get_config(), **changes[layer.name].options})

    inputs = keras.tree.map_structure(lambda tensor: _input(tensor, stays[id(tensor)]), model.input)
    narrowed = keras.models.clone_model(model, input_tensors=inputs, clone_function=changed)
    for layer in narrowed.layers:
        layer.set_weights(changes[layer.name].weights)
    return narrowed, stays[id(model.outputs[0])]


def _change(layer: keras.Layer, given: list[Kept], own: Kept) -> _Narrow:
    if isinstance(layer, layers.InputLayer) or all(mask.all() for mask in [*given, own]):
        return _Narrow(layer.get_weights(), {}, own)
    for kinds, rule in _RULES.items():
        if isinstance(layer, kinds):
            return rule(layer, given, own)
    raise SoraError(f"{layer.name}: a {type(layer).__name__} needs all of its channels")


def _input(tensor: keras.KerasTensor, kept: Kept) -> keras.KerasTensor:
    return keras.Input(
        batch_shape=(*tensor.shape[:-1], int(kept.sum())), dtype=tensor.dtype, name=tensor.name
    )


def _convolution(layer: keras.Layer, given: list[Kept], own: Kept) -> _Narrow:
    kernel, *bias = layer.get_weights()
    weights = [kernel[:, :, given[0]][..., own], *(each[own] for each in bias)]
    return _Narrow(weights, {"filters": int(own.sum())}, own)


def _depthwise(layer: keras.Layer, given: list[Kept], own: Kept) -> _Narrow:
    kernel, *bias = layer.get_weights()
    return _Narrow([kernel[:, :, given[0]], *(each[given[0]] for each in bias)], {}, given[0])


def _dense(layer: keras.Layer, given: list[Kept], own: Kept) -> _Narrow:
    kernel, *bias = layer.get_weights()
    return _Narrow([kernel[given[0]], *bias], {}, own)


def _by_channel(layer: keras.Layer, given: list[Kept], own: Kept) -> _Narrow:
    """A layer that treats each channel by itself, with a weight or none for it."""
    return _Narrow([weight[given[0]] for weight in layer.get_weights()], {}, given[0])


def _side_by_side(layer: keras.Layer, given: list[Kept], own: Kept) -> _Narrow:
    return _Narrow([], {}, np.concatenate(given))


def _flattened(layer: keras.Layer, given: list[Kept], own: Kept) -> _Narrow:
    """The channels of each place of a map after those of the one before."""
    if len(layer.target_shape) > 1:
        raise SoraError(f"{layer.name}: expected it to make a map flat, not to {layer.target_shape}")
    output = np.tile(given[0], len(own) // len(given[0]))
    return _Narrow([], {"target_shape": (int(output.sum()),)}, output)


def _statistics(layer: keras.Layer, given: list[Kept], own: Kept) -> _Narrow:
    return _Narrow([], {}, np.tile(given[0], 2))


def _standardised(layer: keras.Layer, given: list[Kept], own: Kept) -> _Narrow:
    """Its columns are counted anew."""
    columns = layer.columns or [[0, len(given[0])]]
    output = np.concatenate([given[0][start:stop] for start, stop in columns])
    place = np.concatenate([[0], np.cumsum(given[0])])
    moved = [[int(place[start]), int(place[stop])] for start, stop in columns]
    left = [[start, stop] for start, stop in moved if stop > start]
    return _Narrow([weight[output] for weight in layer.get_weights()], {"columns": left}, output)


_BY_CHANNEL = (
    layers.Activation,
    layers.AveragePooling2D,
    layers.BatchNormalization,
    layers.Dropout,
    layers.GlobalAveragePooling1D,
    layers.GlobalAveragePooling2D,
    layers.GlobalMaxPooling1D,
    layers.GlobalMaxPooling2D,
    layers.MaxPooling2D,
    layers.ReLU,
    layers.ZeroPadding2D,
)
_RULES: dict[Any, Callable[[keras.Layer, list[Kept], Kept], _Narrow]] = {
    layers.Conv2D: _convolution,
    layers.DepthwiseConv2D: _depthwise,
    layers.Dense: _dense,
    _BY_CHANNEL: _by_channel,
    layers.Concatenate: _side_by_side,
    layers.Reshape: _flattened,
    TimeStatistics: _statistics,
    Standardise: _standardised,
}
