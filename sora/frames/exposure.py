"""The exposure of frames."""

import numpy as np

VERSION = 1  # raise it when other frames pass


def well_exposed(frames: np.ndarray, min_brightness: float, max_brightness: float) -> np.ndarray:
    """Return bool (N,): whether the mean brightness, in [0, 1], of uint8 frames (N, H, W, 3) is in bounds."""
    brightness = frames.mean(axis=(1, 2, 3)) / 255
    return (brightness >= min_brightness) & (brightness <= max_brightness)
