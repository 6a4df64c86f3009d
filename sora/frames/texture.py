"""Texture of a frame: local binary patterns by region."""

import cv2
import numpy as np

VERSION = 1  # raise it when other numbers come out
_NUM_PATTERNS = 10
# Around the middle, in order.
_NEIGHBOURS = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))


def num_texture_features(grid_cells: int) -> int:
    """Return the length of ``texture_features``."""
    return grid_cells**2 * _NUM_PATTERNS


def texture_features(frame: np.ndarray, grid_cells: int) -> np.ndarray:
    """Describe the texture of a frame, uint8 RGB (H, W, 3), in ``grid_cells`` x ``grid_cells`` regions.

    Rotation-invariant uniform patterns of the 8 neighbours (Ojala, Pietikainen and Maenpaa, "Multiresolution
    gray-scale and rotation invariant texture classification with local binary patterns", 2002).

    Returns:
        float32 (grid_cells**2 * 10,): square roots of the shares of each region's pixels; the patterns are
        flat to bright by the number of neighbours at least as bright, and last all that are not uniform.
    """
    patterns = _uniform_patterns(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY))
    height, width = patterns.shape
    rows, columns = (np.arange(size) * grid_cells // size for size in (height, width))
    place = (rows[:, None] * grid_cells + columns[None, :]) * _NUM_PATTERNS + patterns
    counts = np.bincount(place.ravel(), minlength=num_texture_features(grid_cells)).astype(np.float64)
    regions = counts.reshape(-1, _NUM_PATTERNS)
    shares = regions / np.maximum(regions.sum(axis=1, keepdims=True), 1)
    return np.sqrt(shares).ravel().astype(np.float32)


def _uniform_patterns(grey: np.ndarray) -> np.ndarray:
    """Return int (H - 2, W - 2): how many neighbours are at least as bright, or 9 where these lie apart."""
    height, width = grey.shape
    middle = grey[1:-1, 1:-1]
    brighter = np.stack(
        [grey[1 + y : height - 1 + y, 1 + x : width - 1 + x] >= middle for y, x in _NEIGHBOURS]
    )
    changes = (brighter != np.roll(brighter, 1, axis=0)).sum(axis=0, dtype=np.uint8)
    return np.where(changes <= 2, brighter.sum(axis=0, dtype=np.uint8), _NUM_PATTERNS - 1)
