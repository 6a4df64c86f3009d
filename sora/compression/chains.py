"""Where channels can be removed from a network without a trace outside: between two convolutions."""

from collections import defaultdict
from dataclasses import dataclass

import keras
from keras import activations, layers

_PAIR = 2
_BENDS = (layers.ReLU,)
_CHANNELWISE = (
    *_BENDS,
    layers.Activation,
    layers.AveragePooling2D,
    layers.BatchNormalization,
    layers.DepthwiseConv2D,
    layers.Dropout,
    layers.MaxPooling2D,
    layers.ZeroPadding2D,
)


@dataclass(frozen=True)
class Chain:
    """Channels that one convolution makes and only one other takes; all are names of layers.

    Attributes:
        first: the convolution that makes them; what comes between treats each of them by itself.
        last: the convolution that takes them.
        normalisation: the batch normalisation after ``last``, or empty.
        joined: the Add of two that ends the residual block after that, or empty.
    """

    first: str
    last: str
    normalisation: str = ""
    joined: str = ""


def find_chains(network: keras.Model) -> list[Chain]:
    """Find the inner channels of a functional network, in the order in which it runs.

    They are the expansions of inverted residuals, the insides of bottlenecks, and what lies between the
    convolutions of plain residual blocks. Maps that are features, that are added, or that a linear
    bottleneck has made narrow before, are none.
    """
    users = _users(network)
    chains = (_chain_from(layer, users) for layer in network.layers if _is_convolution(layer))
    place = {layer.name: number for number, layer in enumerate(network.operations)}
    return sorted((chain for chain in chains if chain is not None), key=lambda chain: place[chain.last])


def _chain_from(first: keras.Layer, users: dict[int, list[keras.Layer]]) -> Chain | None:
    bends, layer = _bends(first), _only_user(first, users)
    while isinstance(layer, _CHANNELWISE) and _keeps_channels_apart(layer):
        bends, layer = bends or _bends(layer), _only_user(layer, users)
    if layer is None or not _is_convolution(layer) or not bends:
        return None
    normalisation = _only_user(layer, users) if _is_linear(layer) else None
    if normalisation is None or not isinstance(normalisation, layers.BatchNormalization):
        return Chain(first.name, layer.name)
    joined = _only_user(normalisation, users)
    if joined is None or not isinstance(joined, layers.Add) or len(joined.input) != _PAIR:
        return Chain(first.name, layer.name, normalisation.name)
    return Chain(first.name, layer.name, normalisation.name, joined.name)


def _users(network: keras.Model) -> dict[int, list[keras.Layer]]:
    """Give the layers that take each tensor; the end of the network takes its outputs."""
    users = defaultdict(list)
    for layer in network.layers:
        for tensor in keras.tree.flatten(layer.input):
            users[id(tensor)].append(layer)
    for tensor in network.outputs:
        users[id(tensor)].append(None)
    return users


def _only_user(layer: keras.Layer, users: dict[int, list[keras.Layer]]) -> keras.Layer | None:
    found = users[id(layer.output)]
    return found[0] if len(found) == 1 else None


def _is_convolution(layer: keras.Layer) -> bool:
    return type(layer) is layers.Conv2D and layer.groups == 1 and layer.data_format == "channels_last"


def _is_linear(layer: keras.Layer) -> bool:
    return getattr(layer, "activation", activations.linear) is activations.linear


def _bends(layer: keras.Layer) -> bool:
    return isinstance(layer, _BENDS) or not _is_linear(layer)


def _keeps_channels_apart(layer: keras.Layer) -> bool:
    if isinstance(layer, layers.DepthwiseConv2D):
        return layer.depth_multiplier == 1
    return getattr(layer, "activation", None) is not activations.softmax
