"""Magnitude pruning: small weights become zeros. Files compress better; no runtime here becomes faster."""

import keras
import numpy as np
from keras import layers

from sora.errors import SoraError

# Depthwise kernels are 2 % of EfficientNet-Lite's weights, and each weight counts: they stay.
_PRUNED = (layers.Conv1D, layers.Conv2D, layers.Dense)


def prune_weights(network: keras.Model, share: float) -> keras.Model:
    """Copy a network with the smallest weights of each convolution and dense kernel set to zero.

    Each kernel loses the same share; biases, normalisations and depthwise kernels stay.

    Args:
        network: a functional network; it is not changed.
        share: of the weights of each kernel that are zero afterwards, 0 to below 1.

    Raises:
        SoraError: the share does not fit, or there is no such kernel.
    """
    _check_share(share)
    pruned = keras.models.clone_model(network)
    pruned.set_weights(network.get_weights())
    for kernel in _kernels(pruned).values():
        values = np.asarray(kernel)
        kernel.assign(values * smallest_masked(values, share))
    return pruned


def sparsity_by_layer(network: keras.Model) -> dict[str, float]:
    """Give the share of zeros, 0..1, of the kernel of each convolution and dense layer, by its name."""
    return {name: float((np.asarray(kernel) == 0).mean()) for name, kernel in _kernels(network).items()}


def kernel_sizes(network: keras.Model) -> dict[str, int]:
    """Give the number of weights, zeros included, of each kernel of ``sparsity_by_layer``."""
    return {name: int(np.prod(kernel.shape)) for name, kernel in _kernels(network).items()}


def smallest_masked(values: np.ndarray, share: float) -> np.ndarray:
    """Give 0 for the ``share`` of ``values`` nearest to zero and 1 for all others; float32, of their shape.

    Of equal values the first ones count as the smaller.
    """
    num_zeros = round(share * values.size)
    mask = np.ones(values.size, np.float32)
    mask[np.argsort(np.abs(values), axis=None, kind="stable")[:num_zeros]] = 0
    return mask.reshape(values.shape)


def scheduled_share(step: int, num_steps: int, start: float, end: float) -> float:
    """Give the share of zeros at ``step``: fast at first, slowly at the end, where little is left to take.

    ``end + (start - end) * (1 - step / num_steps) ** 3``: Zhu and Gupta, "To prune, or not to prune"
    (https://arxiv.org/abs/1710.01878).

    Args:
        step: from 0; from ``num_steps`` on the share is ``end``.
        num_steps: at least 1.
        start, end: shares, 0..1.
    """
    left = max(0.0, 1 - step / num_steps)
    return end + (start - end) * left**3


class GradualPruning:
    """Zeros the smallest weights of a network while it is trained, ever more, and holds them there."""

    def __init__(self, network: keras.Model, share: float, num_steps: int, every: int = 10) -> None:
        """Plan the schedule; kernels that have zeros keep them.

        Args:
            network: what is trained; its kernels are changed in place.
            share: of zeros in each kernel after ``num_steps``, 0 to below 1; with 0, only those that are
                there already are held.
            num_steps: of the optimizer.
            every: steps between two choices of weights.

        Raises:
            SoraError: the share does not fit.
        """
        _check_share(share)
        self._kernels, self._start = _kernels(network), sparsity_by_layer(network)
        self._share, self._num_steps, self._every = share, num_steps, every
        self._choose(0)

    def after_step(self, step: int) -> None:
        """Put the masks on, so that no gradient brings a zero back; choose them anew where it is time.

        Args:
            step: how many the optimizer has made, from 1.
        """
        self._apply()
        if step % self._every == 0 or step == self._num_steps:
            self._choose(step)
            self._apply()

    def _apply(self) -> None:
        for name, kernel in self._kernels.items():
            kernel.assign(kernel * self._masks[name])

    def _choose(self, step: int) -> None:
        self._masks = {}
        for name, kernel in self._kernels.items():
            start = self._start[name]
            share = scheduled_share(step, self._num_steps, start, max(start, self._share))
            self._masks[name] = smallest_masked(np.asarray(kernel), share)


def _kernels(network: keras.Model) -> dict[str, keras.Variable]:
    found = {layer.name: layer.kernel for layer in network.layers if isinstance(layer, _PRUNED)}
    if not found:
        raise SoraError(f"{network.name}: no convolution or dense layer has weights to prune")
    return found


def _check_share(share: float) -> None:
    if not 0 <= share < 1:
        raise SoraError(f"share of weights: expected 0 or more and less than 1, got {share}")
