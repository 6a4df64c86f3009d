"""Colour of a frame in a few numbers: histograms and moments."""

import cv2
import numpy as np

VERSION = 1  # raise it when other numbers come out
_NUM_MOMENTS = 9


def num_colour_features(num_bins: int) -> int:
    """Return the length of ``colour_features``."""
    return 2 * num_bins + _NUM_MOMENTS


def colour_features(frame: np.ndarray, num_bins: int) -> np.ndarray:
    """Describe the colours of a frame, uint8 RGB (H, W, 3).

    Histograms: Swain and Ballard, "Color indexing", 1991; moments: Stricker and Orengo, "Similarity of color
    images", 1995.

    Returns:
        float32 (2 * num_bins + 9,): square roots of the shares of hues, each pixel counted by its saturation,
        and of brightnesses; then mean, deviation and cube root of the third moment of L, a and b (CIELAB),
        in units of L.
    """
    hue, saturation, value = cv2.split(cv2.cvtColor(frame, cv2.COLOR_RGB2HSV_FULL))
    hue_bins = (hue.ravel().astype(np.int32) * num_bins + 128 >> 8) % num_bins  # the first is around red
    value_bins = value.ravel().astype(np.int32) * num_bins >> 8
    hues = np.bincount(hue_bins, saturation.ravel() / 255, minlength=num_bins)
    values = np.bincount(value_bins, minlength=num_bins)
    lab = cv2.cvtColor(frame.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).reshape(-1, 3).T.astype(np.float64)
    mean = lab.mean(axis=1)
    change = lab - mean[:, None]
    squares = change * change
    deviation, third = np.sqrt(squares.mean(axis=1)), np.cbrt((squares * change).mean(axis=1))
    shares = np.sqrt(np.concatenate([hues, values]) / hue.size)
    return np.concatenate([shares, mean, deviation, third]).astype(np.float32)
