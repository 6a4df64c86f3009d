"""Structured pruning: convolutions become narrower, and what they give stays as it was as far as it can."""

import math
from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from sora.compression.chains import Chain, find_chains
from sora.compression.narrowing import Kept, narrow
from sora.compression.reconstruction import remove_inputs
from sora.errors import SoraError

_MULTIPLE = 8  # of channels that stay: kernels of every runtime work on so many at once
_POSITIONS_PER_IMAGE = 64
_BATCH_SIZE = 8


def prune_channels(
    network: keras.Model, share: float, images: np.ndarray, *, reconstruct: bool = True
) -> keras.Model:
    """Remove inner channels of a network's blocks; its input, its output and the names of its layers stay.

    Each convolution that takes fewer channels is solved anew, so that its block gives what it gave in the
    full network; the blocks before it are narrow by then, so that errors do not add up. This takes no
    gradients, and seconds. See ``sora.compression.chains`` for what inner channels are.

    Args:
        network: a functional network of images; it is not changed.
        share: of the inner channels of each block, 0 to below 1. What stays is rounded to a multiple of 8.
        images: float32 (N, S, S, 3), normalised network input of training videos; 100 are a good number.
        reconstruct: whether the convolutions are solved anew; without it they only lose inputs.

    Returns:
        A new network; ``save_model``, ``export_onnx`` and ``to_litert`` take it like the original.

    Raises:
        SoraError: no channel can be removed, or the images or the share do not fit.
    """
    from threadpoolctl import threadpool_limits

    _check(network, share, images)
    chains = find_chains(network)
    if not chains:
        raise SoraError(f"{network.name}: none of its channels lies between two convolutions alone")
    working = _with_biases(network, {chain.last for chain in chains})
    with threadpool_limits(1, "blas"):  # the same sums in the same order, whatever the machine
        kept = _prune_in_place(working, network, chains, share, images, reconstruct=reconstruct)
    return narrow(working, kept)[0]


def _check(network: keras.Model, share: float, images: np.ndarray) -> None:
    if not 0 <= share < 1:
        raise SoraError(f"share of channels: expected 0 or more and less than 1, got {share}")
    expected = tuple(network.input_shape[1:])
    if not len(images) or images.shape[1:] != expected:
        raise SoraError(f"{network.name}: expected images of shape (N, *{expected}), got {images.shape}")


def _with_biases(network: keras.Model, names: set[str]) -> keras.Model:
    """Copy a network, and give the convolutions of these names a bias if they have none."""

    def copied(layer: keras.Layer) -> keras.Layer:
        change = {"use_bias": True} if layer.name in names else {}
        return layer.__class__.from_config({**layer.get_config(), **change})

    copy = keras.models.clone_model(network, clone_function=copied)
    for layer in network.layers:
        weights = layer.get_weights()
        if layer.name in names and not layer.use_bias:
            weights.append(np.zeros(layer.filters, np.float32))
        copy.get_layer(layer.name).set_weights(weights)
    return copy


def _prune_in_place(
    working: keras.Model,
    network: keras.Model,
    chains: Sequence[Chain],
    share: float,
    images: np.ndarray,
    *,
    reconstruct: bool,
) -> dict[str, Kept]:
    """Zero what the last convolution of each chain takes from channels that go; give those that stay."""
    kept = {}
    for chain in chains:
        last, scale = working.get_layer(chain.last), _scale(working, chain)
        kernel, bias = last.get_weights()
        rows = _by_channel(kernel)
        (full, full_skip), (x, skip) = _samples(network, chain, images), _samples(working, chain, images)
        wanted = np.tensordot(full, rows, 2) * scale + full_skip - skip
        num_kept = _rounded((1 - share) * len(rows), len(rows))
        stays, solved, offset = remove_inputs(x, wanted, rows * scale, num_kept)
        left = np.zeros_like(rows)
        left[stays] = rows[stays]
        if reconstruct:
            # An output that the normalisation switches off tells nothing of its weights: they stay.
            left[stays] = np.divide(solved, scale, where=scale != 0, out=rows[stays].astype(np.float64))
            bias = bias + np.divide(offset, scale, where=scale != 0, out=np.zeros_like(offset))
        last.set_weights([_as_kernel(left, kernel.shape), bias])
        kept[chain.first] = np.isin(np.arange(len(rows)), stays)
    return kept


def _by_channel(kernel: np.ndarray) -> np.ndarray:
    """Turn a kernel (rows, columns, inputs, outputs) into (inputs, rows * columns, outputs)."""
    height, width, num_inputs, num_outputs = kernel.shape
    return kernel.transpose(2, 0, 1, 3).reshape(num_inputs, height * width, num_outputs)


def _as_kernel(rows: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    height, width, num_inputs, num_outputs = shape
    return rows.reshape(num_inputs, height, width, num_outputs).transpose(1, 2, 0, 3)


def _rounded(num_channels: float, most: int) -> int:
    return min(most, max(_MULTIPLE, round(num_channels / _MULTIPLE) * _MULTIPLE))


def _scale(network: keras.Model, chain: Chain) -> np.ndarray:
    """Give what the normalisation after a chain multiplies each output by, float32 (O,)."""
    if not chain.normalisation:
        return np.ones(network.get_layer(chain.last).filters, np.float32)
    layer = network.get_layer(chain.normalisation)
    gamma = np.asarray(layer.gamma) if layer.scale else np.float32(1)
    return gamma / np.sqrt(np.asarray(layer.moving_variance) + layer.epsilon)


def _samples(network: keras.Model, chain: Chain, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | float]:
    """Look at some positions of what the last convolution of a chain sees, the same ones in every network.

    Returns:
        Its inputs, float32 (P, C, B) with B the area of its kernel; and what is added to its output, float32
        (P, O), or 0 where nothing is.
    """
    last = network.get_layer(chain.last)
    part = keras.Model(network.input, [last.input, *_skip(network, chain)])
    rng = np.random.default_rng(0)
    inputs: list[np.ndarray] = []
    skips: list[np.ndarray] = []
    for start in range(0, len(images), _BATCH_SIZE):
        maps, *skip = keras.tree.flatten(part(images[start : start + _BATCH_SIZE], training=False))
        patches = _flat(ops.image.extract_patches(maps, last.kernel_size, last.strides, padding=last.padding))
        places = rng.permutation(patches.shape[1])[:_POSITIONS_PER_IMAGE]
        inputs.append(patches[:, places].reshape(-1, math.prod(last.kernel_size), maps.shape[-1]))
        skips.extend(_flat(each)[:, places].reshape(-1, last.filters) for each in skip)
    return np.concatenate(inputs).transpose(0, 2, 1), np.concatenate(skips) if skips else 0.0


def _skip(network: keras.Model, chain: Chain) -> list[keras.KerasTensor]:
    if not chain.joined:
        return []
    output = network.get_layer(chain.normalisation).output
    return [tensor for tensor in network.get_layer(chain.joined).input if tensor is not output]


def _flat(maps: keras.KerasTensor) -> np.ndarray:
    return np.asarray(maps).reshape(maps.shape[0], -1, maps.shape[-1])
