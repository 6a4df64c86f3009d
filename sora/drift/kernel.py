"""The maximum mean discrepancy of embeddings: how far two sets of points lie apart as a whole.

Source: Gretton, Borgwardt, Rasch, Schoelkopf and Smola, "A Kernel Two-Sample Test", Journal of Machine
Learning Research 13, 2012.
"""

from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import pdist, squareform


def rbf_kernel(embeddings: np.ndarray) -> np.ndarray:
    """Return exp(-d^2 / (2 s^2)) for each pair of embeddings (N, E), float64 (N, N) in [0, 1].

    s is the median of all distances (Gretton's heuristic) that are not 0.
    """
    distances = pdist(embeddings.astype(np.float64))
    apart = distances[distances > 0]
    width = np.median(apart) if len(apart) else 1.0
    kernel = squareform(np.exp(-(distances**2) / (2 * width**2)))
    np.fill_diagonal(kernel, 1)
    return kernel


def squared_discrepancy(kernel: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return the unbiased estimate of the squared discrepancy (Gretton's equation 3) as a function.

    It takes assignments to the window, bool (P, U), of which each side has at least 2, and gives float64
    (P,), below 0 by chance alone.

    Args:
        kernel: float64 (U, U), symmetric.
    """
    between = kernel - np.diag(np.diag(kernel))
    to_all, total = between.sum(axis=0), between.sum()

    def statistic(dealt: np.ndarray) -> np.ndarray:
        window = dealt.astype(np.float64)
        num_window = window.sum(axis=1)
        num_reference = window.shape[1] - num_window
        in_window = np.einsum("pu,pu->p", window @ between, window)
        from_window = window @ to_all
        in_reference = total - 2 * from_window + in_window
        return (
            in_window / (num_window * (num_window - 1))
            + in_reference / (num_reference * (num_reference - 1))
            - 2 * (from_window - in_window) / (num_window * num_reference)
        )

    return statistic
