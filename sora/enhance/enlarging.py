"""Pictures of any size through the super-resolution network, tile by tile."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Protocol

import numpy as np

from sora.enhance.network import MARGIN_PX, SCALE

TILE_PX = 128  # a tile takes 25 MB, where 4K in one piece would take 12 GB


class Network(Protocol):
    """What doubles a picture; threads may share it.

    Attributes:
        key: what decides its results: its name and the hash of its weights.
    """

    key: str

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Return uint8 RGB (2 H, 2 W, 3) of uint8 RGB (H + 14, W + 14, 3), which has a margin of 7 px."""


def enlarge(picture: np.ndarray, network: Network, scale: int, tile_px: int = TILE_PX) -> np.ndarray:
    """Return a picture ``scale`` times as wide and high.

    Args:
        picture: uint8 RGB (H, W, 3).
        network: what doubles a picture; it sees a margin of true neighbours, so that tiles leave no seams.
        scale: a power of two; each doubling is a pass.
        tile_px: the largest side of a tile before it is enlarged.
    """
    while scale > 1:
        picture, scale = _doubled(picture, network, tile_px), scale // SCALE
    return picture


def _doubled(picture: np.ndarray, network: Network, tile_px: int) -> np.ndarray:
    height, width = picture.shape[:2]
    padded = np.pad(picture, [(MARGIN_PX, MARGIN_PX), (MARGIN_PX, MARGIN_PX), (0, 0)], mode="edge")
    result = np.empty((SCALE * height, SCALE * width, 3), np.uint8)
    for top, bottom in _pieces(height, tile_px):
        for left, right in _pieces(width, tile_px):
            tile = padded[top : bottom + 2 * MARGIN_PX, left : right + 2 * MARGIN_PX]
            result[SCALE * top : SCALE * bottom, SCALE * left : SCALE * right] = network(tile)
    return result


def _pieces(length: int, longest: int) -> Iterator[tuple[int, int]]:
    """Yield the starts and ends of as few pieces as possible, about equally long."""
    count = -(-length // longest)
    edges = np.linspace(0, length, count + 1).round().astype(int).tolist()
    yield from pairwise(edges)
