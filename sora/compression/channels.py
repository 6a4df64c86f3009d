"""Structured pruning: convolutions become narrower, and what they give stays as it was as far as it can."""

import keras
import numpy as np

from sora.compression.chain_samples import Samples, chain_samples
from sora.compression.chains import Chain, find_chains
from sora.compression.narrowing import Kept, narrow
from sora.compression.reconstruction import remove_inputs
from sora.errors import SoraError

_MULTIPLE = 8  # of channels that stay: kernels of every runtime work on so many at once


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
            Where the network looks at clips: whole clips, one after the other.
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
    working, kept = _with_biases(network, {chain.last for chain in chains}), {}
    walks = (chain_samples(each, chains, images) for each in (network, working))
    with threadpool_limits(1, "blas"):  # the same sums in the same order, whatever the machine
        for chain, full, now in zip(chains, *walks, strict=True):
            kept[chain.first] = _prune_chain(working, chain, share, full, now, reconstruct=reconstruct)
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


def _prune_chain(
    working: keras.Model, chain: Chain, share: float, full: Samples, now: Samples, *, reconstruct: bool
) -> Kept:
    """Zero what the last convolution of a chain takes from channels that go; give those that stay."""
    last, scale = working.get_layer(chain.last), _scale(working, chain)
    kernel, bias = last.get_weights()
    rows = _by_channel(kernel)
    wanted = np.tensordot(full.inputs, rows, 2) * scale + full.skip - now.skip
    stays, solved, offset = remove_inputs(now.inputs, wanted, rows * scale, _num_kept(len(rows), share))
    left = np.zeros(rows.shape)
    left[stays] = rows[stays]
    if reconstruct:
        # An output that the normalisation switches off tells nothing of its weights: they stay.
        left[stays] = np.divide(solved, scale, where=scale != 0, out=left[stays])
        bias = bias + np.divide(offset, scale, where=scale != 0, out=np.zeros(len(bias)))
    last.set_weights([_as_kernel(left, kernel.shape), bias])
    return np.isin(np.arange(len(rows)), stays)


def _by_channel(kernel: np.ndarray) -> np.ndarray:
    """Turn a kernel (rows, columns, inputs, outputs) into (inputs, rows * columns, outputs)."""
    height, width, num_inputs, num_outputs = kernel.shape
    return kernel.transpose(2, 0, 1, 3).reshape(num_inputs, height * width, num_outputs)


def _as_kernel(rows: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    height, width, num_inputs, num_outputs = shape
    return rows.reshape(num_inputs, height, width, num_outputs).transpose(1, 2, 0, 3)


def _num_kept(num_channels: int, share: float) -> int:
    wanted = round((1 - share) * num_channels / _MULTIPLE) * _MULTIPLE
    return min(num_channels, max(_MULTIPLE, wanted))


def _scale(network: keras.Model, chain: Chain) -> np.ndarray:
    """Give what the normalisation after a chain multiplies each output by, float32 (O,)."""
    if not chain.normalisation:
        return np.ones(network.get_layer(chain.last).filters, np.float32)
    layer = network.get_layer(chain.normalisation)
    gamma = np.asarray(layer.gamma) if layer.scale else np.float32(1)
    return gamma / np.sqrt(np.asarray(layer.moving_variance) + layer.epsilon)
