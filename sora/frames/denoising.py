"""Denoising of frames, one by one."""

import cv2
import numpy as np

VERSION = 2  # raise it when other pixels come out


def denoise(frames: np.ndarray, method: str, kernel_px: int, strength: float) -> np.ndarray:
    """Filter uint8 RGB frames (N, H, W, 3) one by one; same shape and dtype.

    Args:
        frames: in [0, 255].
        method: ``none``; ``gaussian`` (standard deviation chosen by OpenCV from the kernel) and ``median``,
            which look at ``kernel_px`` only; ``bilateral`` (Tomasi and Manduchi, 1998), whose ``strength`` is
            the standard deviation over levels; ``nlmeans`` (Buades, Coll and Morel, "Non-local means
            denoising", 2011), whose ``strength`` is the filter's h and ``kernel_px`` the side of a patch.
        kernel_px: odd; 1 changes nothing.
        strength: in levels of 255; 0 changes nothing where it counts.
    """
    if method == "none" or kernel_px == 1 or (method in ("bilateral", "nlmeans") and strength == 0):
        return frames
    return np.stack([_denoise(frame, method, kernel_px, strength) for frame in frames])


def _denoise(frame: np.ndarray, method: str, kernel_px: int, strength: float) -> np.ndarray:
    if method == "gaussian":
        return cv2.GaussianBlur(frame, (kernel_px, kernel_px), 0)
    if method == "median":
        return cv2.medianBlur(frame, kernel_px)
    if method == "bilateral":
        return cv2.bilateralFilter(frame, kernel_px, strength, kernel_px / 2)
    if method == "nlmeans":
        search_px = 3 * kernel_px  # as OpenCV's own 7 and 21
        return cv2.fastNlMeansDenoisingColored(
            np.ascontiguousarray(frame), None, strength, strength, kernel_px, search_px
        )
    raise ValueError(f"expected denoise none, gaussian, median, bilateral or nlmeans, got {method!r}")
