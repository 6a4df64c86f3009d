"""Cleaning of frames: denoising and the exposure filter."""

import cv2
import numpy as np

VERSION = 1  # raise it when other pixels come out


def denoise(frames: np.ndarray, method: str, kernel_px: int) -> np.ndarray:
    """Filter uint8 frames (N, H, W, 3) one by one; same shape and dtype.

    Args:
        frames: any colour order.
        method: ``none``, ``gaussian`` (standard deviation chosen by OpenCV from the kernel) or ``median``.
        kernel_px: odd; 1 changes nothing.
    """
    if method == "none" or kernel_px == 1:
        return frames
    if method == "gaussian":
        return np.stack([cv2.GaussianBlur(frame, (kernel_px, kernel_px), 0) for frame in frames])
    if method == "median":
        return np.stack([cv2.medianBlur(frame, kernel_px) for frame in frames])
    raise ValueError(f"expected denoise none, gaussian or median, got {method!r}")


def well_exposed(frames: np.ndarray, min_brightness: float, max_brightness: float) -> np.ndarray:
    """Return bool (N,): whether the mean brightness, in [0, 1], of uint8 frames (N, H, W, 3) is in bounds."""
    brightness = frames.mean(axis=(1, 2, 3)) / 255
    return (brightness >= min_brightness) & (brightness <= max_brightness)
