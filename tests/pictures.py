"""Small pictures for property tests, and scenes with something that moves."""

import cv2
import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays


def clips(min_side_px: int = 16, max_side_px: int = 24) -> st.SearchStrategy[np.ndarray]:
    """uint8 RGB (N, H, W, 3), 1 to 3 frames, from flat to full noise."""
    sides = st.integers(min_side_px, max_side_px)
    shapes = st.tuples(st.integers(1, 3), sides, sides, st.just(3))
    flat = st.builds(np.full, shapes, st.integers(0, 255), st.just(np.uint8))
    return (
        flat
        | shapes.flatmap(lambda shape: arrays(np.uint8, shape))
        | st.builds(noise, shapes, st.integers(0, 99))
    )


def noise(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def texture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Smooth uint8 RGB (height, width, 3) with contrast at every place."""
    smooth = cv2.GaussianBlur(noise((height, width, 3), seed), (9, 9), 0)
    return cv2.normalize(smooth, None, 30, 225, cv2.NORM_MINMAX)


def walking_square(
    count: int, *, size: int = 96, side: int = 24, step: int = 4
) -> tuple[np.ndarray, np.ndarray]:
    """Frames uint8 RGB (N, size, size, 3), a square going right over a still ground, and its mask."""
    ground, square = texture(size, size, 1) // 2, texture(side, side, 2) // 2 + 127
    frames, masks = np.repeat(ground[None], count, axis=0), np.zeros((count, size, size), bool)
    for number in range(count):
        place = np.s_[number, size // 2 : size // 2 + side, step * number : step * number + side]
        frames[place], masks[place] = square, True
    return frames, masks
