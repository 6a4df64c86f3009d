"""Hiding parts of a clip: what takes their place, and which part of a picture covers which."""

import cv2
import numpy as np

_BLUR_SHARE = 0.08  # of the side, the deviation of the Gaussian: nothing can be told any more
_SHRINK = 8  # so wide a blur needs few pixels


def blurred(clip: np.ndarray) -> np.ndarray:
    """Return frames, uint8 RGB (N, S, S, 3), so blurred that only colours are left; the same shape and dtype.

    Blur stands for "not there" in what follows: unlike black or grey it makes no edges and no new colours
    (Fong and Vedaldi, "Interpretable explanations of black boxes by meaningful perturbation", 2017).
    """
    size = clip.shape[1]
    small_px = max(1, size // _SHRINK)
    filled = np.empty_like(clip)
    for frame, target in zip(clip, filled, strict=True):
        small = cv2.resize(frame, (small_px, small_px), interpolation=cv2.INTER_AREA)
        soft = cv2.GaussianBlur(small, (0, 0), _BLUR_SHARE * small_px, borderType=cv2.BORDER_REPLICATE)
        target[:] = cv2.resize(soft, (size, size), interpolation=cv2.INTER_LINEAR)
    return filled


def mixed(clip: np.ndarray, filled: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return ``clip`` where cells are kept and ``filled`` elsewhere, all uint8 RGB (T * K, S, S, 3).

    From cell to cell one runs into the other: hard edges would be a sight of their own to the networks.

    Args:
        kept: bool (T, G, G), the cells of each moment; all frames of a moment share them.
    """
    size, frames_per_moment = clip.shape[1], len(clip) // len(kept)
    both = filled.copy()
    for moment, cells in enumerate(kept):
        share = cv2.resize(cells.astype(np.float32), (size, size), interpolation=cv2.INTER_LINEAR)
        frames = slice(moment * frames_per_moment, (moment + 1) * frames_per_moment)
        change = share[..., None] * (clip[frames].astype(np.float32) - filled[frames])
        both[frames] = np.rint(filled[frames] + change)
    return both


def coverage(
    num_cells: int, grid_cells: int, window: tuple[float, float, float, float] = (0, 0, 1, 1)
) -> np.ndarray:
    """Return how much of each cell of a window lies in each cell of the frame, float32 (n * n, G * G).

    Rows sum to 1 where the window lies within the frame.

    Args:
        num_cells: n, cells of the window each way.
        grid_cells: G, cells of the frame each way.
        window: left, top, right, bottom, as shares of the frame's sides.
    """
    left, top, right, bottom = window
    across = _overlap(num_cells, grid_cells, left, right)
    down = _overlap(num_cells, grid_cells, top, bottom)
    return np.kron(down, across).astype(np.float32)


def _overlap(num_cells: int, grid_cells: int, start: float, stop: float) -> np.ndarray:
    """Return the share of each of ``num_cells`` parts of [start, stop] in each of G parts of [0, 1]."""
    edges = np.linspace(start, stop, num_cells + 1)
    grid = np.linspace(0, 1, grid_cells + 1)
    begin = np.maximum(edges[:-1, None], grid[None, :-1])
    end = np.minimum(edges[1:, None], grid[None, 1:])
    return np.clip(end - begin, 0, None) / ((stop - start) / num_cells)
