"""Less noise: each picture is averaged with those before it, along the motion."""

from dataclasses import dataclass

import cv2
import numpy as np

_MOST_FRAMES = 8  # averaged at most; more would only smear what the motion misses by a fraction of a pixel
_TRUSTED_FRAMES, _LARGEST_SHARE = 5, 0.6  # from how many on the average has its largest share in the result
_SAME, _OTHER = 1.2, 2.0  # times the difference that noise explains: up to, and from where on
_ROUNDING = 0.3  # levels of difference that are no noise
_LEAST_NOISE = 0.5  # levels of grey; a picture with less is clean
_GREY_SHARE = 0.669  # standard deviation of grey, by that of each colour (BT.601 weights)
_LAPLACIAN = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_MEDIAN_OF_NOISE = 0.6745  # of the absolute values of a standard normal distribution
_LEAST_SIDE_PX = 32  # OpenCV's flow crashes on many strips that are thinner, as of 24 x 320 px


@dataclass(frozen=True)
class Average:
    """What is known of a picture from those up to it.

    Attributes:
        mean: float32 RGB (H, W, 3) in [0, 255].
        count: float32 (H, W), of how many frames each pixel is the mean.
    """

    mean: np.ndarray
    count: np.ndarray


def noise_level(grey: np.ndarray) -> float:
    """Return the standard deviation of the noise of a grey picture (H, W), in its levels.

    The filter of Immerkær, "Fast noise variance estimation", 1996, which edges hardly pass; the median, in
    place of the mean, leaves out those that do.
    """
    response = cv2.filter2D(grey.astype(np.float32), -1, _LAPLACIAN)
    return float(np.median(np.abs(response))) / _MEDIAN_OF_NOISE / float(np.linalg.norm(_LAPLACIAN))


def motion(grey: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Return where each pixel of a uint8 picture (H, W) was in the one before: float32 (H, W, 2), x and y."""
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    smooth = [_padded(cv2.GaussianBlur(one, (0, 0), 1)) for one in (grey, before)]
    height, width = grey.shape
    moved = finder.calc(smooth[0], smooth[1], None)[:height, :width]  # type: ignore[call-overload]
    moved[..., 0] += np.arange(width, dtype=np.float32)
    moved[..., 1] += np.arange(height, dtype=np.float32)[:, None]
    return moved


def smoothed(pixels: np.ndarray, level: float) -> np.ndarray:
    """Return a picture, uint8 RGB, with less noise, from it alone (non-local means; Buades et al., 2005)."""
    strength = level / _GREY_SHARE
    return pixels if level < _LEAST_NOISE else cv2.fastNlMeansDenoising(pixels, None, strength, 5, 11)


def average(
    pixels: np.ndarray, before: Average | None, came_from: np.ndarray | None, level: float
) -> Average:
    """Average a picture with what is known from those before it, where they show the same.

    Args:
        pixels: uint8 RGB (H, W, 3).
        before: of the frame before; None for the first.
        came_from: what ``motion`` gave; None for the first.
        level: the noise level of its grey picture.
    """
    if before is None or came_from is None:
        return Average(pixels.astype(np.float32), np.ones(pixels.shape[:2], np.float32))
    x, y = came_from[..., 0], came_from[..., 1]
    mean = cv2.remap(before.mean, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    count = cv2.remap(before.count, x, y, cv2.INTER_LINEAR)  # 0 beyond the border
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    difference = cv2.blur(cv2.absdiff(cv2.cvtColor(mean, cv2.COLOR_RGB2GRAY), grey), (5, 5))
    by_noise = 0.8 * level * np.sqrt(1 + 1 / np.maximum(count, 1)) + _ROUNDING  # 0.8: mean of |x|, normal
    trust = np.clip((_OTHER - difference / by_noise) / (_OTHER - _SAME), 0, 1)
    count = 1 + trust * np.minimum(count, _MOST_FRAMES - 1)
    return Average(mean + (pixels - mean) / count[..., None], count)


def clean(known: Average, alone: np.ndarray) -> np.ndarray:
    """Return uint8 RGB (H, W, 3): of the average as much as it is of many frames, else of ``alone``.

    ``alone`` is what ``smoothed`` gave; what is left of the noise in both has little in common.
    """
    share = _LARGEST_SHARE * np.clip((known.count - 1) / (_TRUSTED_FRAMES - 1), 0, 1)[..., None]
    return np.rint(np.clip(alone + share * (known.mean - alone), 0, 255)).astype(np.uint8)


def _padded(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape
    below, right = max(0, _LEAST_SIDE_PX - height), max(0, _LEAST_SIDE_PX - width)
    return cv2.copyMakeBorder(picture, 0, below, 0, right, cv2.BORDER_REPLICATE)
