"""What flows through a network where channels are to be removed, at some positions of some images."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import keras
import numpy as np
from keras import ops

from sora.compression.chains import Chain

_POSITIONS_PER_IMAGE = 64
_BATCH_SIZE = 8
_Maps: TypeAlias = dict[int, Any]  # by the identity of the tensor that they are values of


class Samples(NamedTuple):
    """What the last convolution of a chain sees at P positions, the same ones in every network.

    Attributes:
        inputs: float32 (P, C, B), B being the area of its kernel.
        skip: float32 (P, O), what is added to its normalised output; 0 where nothing is.
    """

    inputs: np.ndarray
    skip: np.ndarray | float


def chain_samples(network: keras.Model, chains: Sequence[Chain], images: np.ndarray) -> Iterator[Samples]:
    """Run images through a network, and stop before the last convolution of each chain in turn.

    Weights may be changed at each stop; the images go on with the new ones.

    Args:
        network: functional.
        chains: of it, as ``find_chains`` gives them.
        images: float32 (N, S, S, 3); where the network looks at clips, whole clips one after the other.
    """
    size = next((layer.num_frames for layer in network.layers if hasattr(layer, "num_frames")), _BATCH_SIZE)
    live = {id(network.input): network.input}
    batches: list[_Maps] = [
        dict.fromkeys(live, images[start : start + size]) for start in range(0, len(images), size)
    ]
    for chain in chains:
        wanted = {
            id(tensor): tensor for tensor in [*_live_before(network, chain.last), *_skip(network, chain)]
        }
        new = {key: tensor for key, tensor in wanted.items() if key not in live}
        part = keras.Model(list(live.values()), list(new.values()))
        for place, batch in enumerate(batches):
            computed = keras.tree.flatten(part(list(batch.values()), training=False))
            found = batch | dict(zip(new, computed, strict=True))
            batches[place] = {key: found[key] for key in wanted}
        live = wanted
        yield _sampled(network, chain, batches)


def _live_before(network: keras.Model, name: str) -> list[keras.KerasTensor]:
    """Give the tensors that are there before a layer runs and that it or a later one takes."""
    names = [layer.name for layer in network.operations]
    before, after = np.split(np.array(network.operations, object), [names.index(name)])
    taken = {id(tensor) for layer in after for tensor in keras.tree.flatten(layer.input)}
    return [layer.output for layer in before if id(layer.output) in taken]


def _skip(network: keras.Model, chain: Chain) -> list[keras.KerasTensor]:
    if not chain.joined:
        return []
    output = network.get_layer(chain.normalisation).output
    return [tensor for tensor in network.get_layer(chain.joined).input if tensor is not output]


def _sampled(network: keras.Model, chain: Chain, batches: Sequence[_Maps]) -> Samples:
    last, rng = network.get_layer(chain.last), np.random.default_rng(0)
    inputs: list[np.ndarray] = []
    skips: list[np.ndarray] = []
    for batch in batches:
        maps = batch[id(last.input)]
        patches = _flat(ops.image.extract_patches(maps, last.kernel_size, last.strides, padding=last.padding))
        places = rng.permutation(patches.shape[1])[:_POSITIONS_PER_IMAGE]
        inputs.append(patches[:, places].reshape(-1, math.prod(last.kernel_size), maps.shape[-1]))
        skip = (_flat(batch[id(tensor)])[:, places] for tensor in _skip(network, chain))
        skips.extend(each.reshape(-1, last.filters) for each in skip)
    return Samples(np.concatenate(inputs).transpose(0, 2, 1), np.concatenate(skips) if skips else 0.0)


def _flat(maps: Any) -> np.ndarray:
    return np.asarray(maps).reshape(maps.shape[0], -1, maps.shape[-1])
