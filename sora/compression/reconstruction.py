"""Which inputs of a linear map can go, and what the rest must weigh so that its output stays: closed form."""

import math

import numpy as np

_NUM_ROUNDS = 32  # removals happen in so many steps; one by one costs more and chooses hardly better
_RIDGE = 0.01  # of the mean square of the inputs; less fits noise where a few images have a small map


def remove_inputs(
    x: np.ndarray, y: np.ndarray, kernel: np.ndarray, num_kept: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Drop the inputs whose loss can best be made up for by the others, and let them make up for it.

    The choice is that of the optimal brain surgeon (Hassibi and Stork, 1993), taken over the ``B`` rows of a
    channel together: what the squared error grows by when a channel goes and all others are solved anew. The
    weights of the others are that solution (least squares as in He, Zhang and Sun, "Channel Pruning for
    Accelerating Very Deep Neural Networks", 2017), with a small penalty on moving away from ``kernel``.

    Args:
        x: (P, C, B), the inputs at P positions; B numbers of each channel are kept or removed together.
        y: (P, O), what ``x @ kernel + bias`` should be.
        kernel: (C, B, O), the weights before.
        num_kept: channels that stay.

    Returns:
        The channels that stay, int (K,), ascending; their kernel, float64 (K, B, O); and the bias, (O,).
    """
    num_channels, size, num_outputs = kernel.shape
    flat, start = x.reshape(len(x), -1).astype(np.float64), kernel.reshape(-1, num_outputs).astype(np.float64)
    x_mean, y_mean = flat.mean(axis=0), y.mean(axis=0, dtype=np.float64)
    flat, error = flat - x_mean, y - y_mean
    error = error - flat @ start
    gram = flat.T @ flat / len(flat)
    gram[np.diag_indices_from(gram)] += _RIDGE * max(np.trace(gram) / len(gram), 1e-12)
    inverse = np.linalg.inv(gram)
    weights = start + inverse @ (flat.T @ error / len(flat))
    kept = _surgeon(inverse, weights, num_channels, size, num_kept)
    solved = weights.reshape(num_channels, size, num_outputs)[kept]
    rows = x_mean.reshape(num_channels, size)[kept]
    return kept, solved, y_mean - np.einsum("cb,cbo->o", rows, solved)


def _surgeon(
    inverse: np.ndarray, weights: np.ndarray, num_channels: int, size: int, num_kept: int
) -> np.ndarray:
    """Zero the rows of all but ``num_kept`` channels of ``weights``, changing both arrays in place."""
    alive, num_removed = np.arange(num_channels), num_channels - num_kept
    columns = np.arange(num_channels * size).reshape(num_channels, size)
    step = max(1, math.ceil(num_removed / _NUM_ROUNDS))
    while len(alive) > num_kept:
        blocks = inverse[columns[alive][:, :, None], columns[alive][:, None, :]]
        rows = weights[columns[alive]]
        costs = (rows * np.linalg.solve(blocks, rows)).sum(axis=(1, 2))
        order = np.argsort(costs, kind="stable")[: min(step, len(alive) - num_kept)]
        gone = columns[alive[order]].ravel()
        towards = np.linalg.solve(inverse[np.ix_(gone, gone)], inverse[gone])
        weights -= towards.T @ weights[gone]
        inverse -= inverse[:, gone] @ towards
        alive = np.delete(alive, order)
    return alive
