"""An even brightness and a steady camera, from what a survey of the video found."""

import cv2
import numpy as np

from sora.enhance.survey import Survey, smoothed

_BRIGHTNESS_SECONDS = 0.5  # over which is smoothed: the standard deviation
_PATH_SECONDS = (1.0, 0.5, 0.25, 0.12)  # likewise; the first that the margin nearly always allows
_ALLOWED_SHARE = 0.9  # of the frames
_MOST_GAIN = 1.5
_MARGIN = 0.06  # of each side of a picture; it is cut off so that no border comes into sight
_MOST_SHIFT, _MOST_TURN = 0.04, 0.0175  # of the width and height, and in radians: what the margin allows
_DARKEST = 1.0  # level; a black picture stays black


def gains(found: Survey) -> np.ndarray:
    """Return what to multiply each frame by so that brightness changes only slowly: float64 (N,)."""
    level = np.log(np.maximum(found.brightness, _DARKEST))
    even = smoothed(level, found.is_cut, _frames(found, _BRIGHTNESS_SECONDS))
    return np.clip(np.exp(even - level), 1 / _MOST_GAIN, _MOST_GAIN)


def corrections(found: Survey) -> np.ndarray:
    """Return how to move and turn each frame so that the camera moves evenly: float64 (N, 3), as ``Survey``.

    After Matsushita et al., "Full-frame video stabilization with motion inpainting", 2006, whose path is
    smoothed by a Gaussian too. Where the camera shakes more than the margin allows, only the quicker part of
    it is taken away; what would still go beyond is held back softly.
    """
    path, limit = np.cumsum(found.motion, axis=0), np.array([_MOST_SHIFT, _MOST_SHIFT, _MOST_TURN])
    for seconds in _PATH_SECONDS:
        wanted = (smoothed(path, found.is_cut, _frames(found, seconds)) - path) / limit
        if np.quantile(np.abs(wanted).max(axis=1), _ALLOWED_SHARE) <= 1:
            break
    return limit * np.tanh(wanted)


def brightened(pixels: np.ndarray, gain: float) -> np.ndarray:
    """Return uint8 RGB (H, W, 3), multiplied."""
    table = np.clip(np.rint(np.arange(256) * gain), 0, 255).astype(np.uint8)
    return cv2.LUT(pixels, table)


def moved(pixels: np.ndarray, correction: np.ndarray) -> np.ndarray:
    """Return uint8 RGB (H, W, 3), turned and shifted by one of ``corrections``, its margin cut off."""
    height, width = pixels.shape[:2]
    right, down, turn = correction.tolist()
    zoom = 1 / (1 - 2 * _MARGIN)
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -np.degrees(turn), zoom)
    matrix[:, 2] += zoom * right * width, zoom * down * height
    return cv2.warpAffine(
        pixels, matrix, (width, height), flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE
    )


def _frames(found: Survey, seconds: float) -> float:
    interval = float(np.median(np.diff(found.seconds))) if len(found.seconds) > 1 else 1.0
    return max(1.0, seconds / max(interval, 1e-3))
