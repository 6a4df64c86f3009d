"""A painted video that does not shimmer: what is painted moves with what is seen.

The result before is carried along by optical flow and mixed with the new painting, where both are sure to
show the same thing (as Ruder, Dosovitskiy and Brox, "Artistic style transfer for videos", 2016, weigh it in
the optimisation of one picture). Mixing softens: the shown picture gets the strength of detail of its frame's
own painting back. What is carried on stays as it was mixed, so that no sharpening adds up over minutes.
"""

import math
from dataclasses import dataclass
from functools import reduce

import cv2
import numpy as np

VERSION = 1  # raise it when other pictures come out of the same frames
_CARRIED = 0.7  # at most this part of a picture comes from the one before,
_CARRIED_WHEN_STILL = 0.95  # or this, where a frame is repeated; not all, so that slow changes are followed
_STILL = 0.5  # mean difference of frames, in steps of colour, above which they are not repeated
_SMALLEST_TRUSTED_PART = 0.2  # of all pixels; below it there is a new shot, and nothing is carried
_TOLERANCE_PX2, _TOLERANCE_PART = 0.5, 0.01  # of the way there and back, and of the motion, both squared
_COLOUR_TOLERANCE = 30.0  # of the difference between a frame and the one before where it was
_NEIGHBOURHOOD_PX = 5
_DETAIL_SIGMA_PX = 1.5
_DETAIL_AROUND_PX = 17
_LEAST_DETAIL = 0.5  # of a step of colour: less is rounding
_MAX_GAIN = 2.0  # of detail


@dataclass(frozen=True)
class Motion:
    """Where the pixels of a frame were in the frame before.

    Attributes:
        places: float32 (H, W, 2), x and y in the frame before.
        trust: float32 (H, W) in [0, 1], how sure it is that both show the same.
        carried: part of a result, in [0, 1], that is to come from the one before where that is sure.
    """

    places: np.ndarray
    trust: np.ndarray
    carried: float


def motion_between(previous: np.ndarray, frame: np.ndarray) -> Motion | None:
    """Compare two frames, uint8 RGB (H, W, 3); None where they are of different shots.

    A place is trusted as far as the flow from it to the frame before leads back to it (Sundaram, Brox and
    Keutzer, "Dense point trajectories by GPU-accelerated large displacement optical flow", 2010), and as its
    colour is the same there.
    """
    grey = [cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (previous, frame)]
    there, back = _flow(grey[1], grey[0]), _flow(grey[0], grey[1])
    height, width = frame.shape[:2]
    places = there + _grid(height, width)
    x, y = cv2.split(places)
    inside = (cv2.min(x, y) >= 0) & (x <= width - 1) & (y <= height - 1)
    doubt = _misses(there, _moved(back, places)) + _other_colour(frame, _moved(previous, places))
    trust = cv2.exp(-doubt) * inside
    if trust.mean() < _SMALLEST_TRUSTED_PART:
        return None
    stillness = math.exp(-((cv2.absdiff(previous, frame).mean() / _STILL) ** 2))
    return Motion(places, trust, _CARRIED + (_CARRIED_WHEN_STILL - _CARRIED) * stillness)


def mixed(painting: np.ndarray, before: np.ndarray, motion: Motion) -> np.ndarray:
    """Mix a new painting with the mixed one before, both float32 RGB (H, W, 3) in [0, 255]."""
    carried = _moved(before, motion.places, cv2.INTER_CUBIC)
    part = (motion.carried * motion.trust)[..., None]
    return np.clip(painting + part * (carried - painting), 0, 255)


def detail_strength(picture: np.ndarray) -> np.ndarray:
    """Return how strong fine detail is around each pixel of a picture, float32 (H, W, 3): float32 (H, W)."""
    return _strength(picture - _smooth(picture))


def with_detail(picture: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """Amplify fine detail of a picture, float32 RGB (H, W, 3) in [0, 255], up to a strength (H, W)."""
    smooth = _smooth(picture)
    detail = picture - smooth
    gain = np.clip(strength / np.maximum(_strength(detail), _LEAST_DETAIL), 1, _MAX_GAIN)
    return np.clip(smooth + gain[..., None] * detail, 0, 255)


def _flow(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    # A fresh object each time: DISOpticalFlow keeps buffers, and one pair must not depend on the last.
    found = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    return found.calc(first, second, None)  # type: ignore[call-overload]


def _moved(picture: np.ndarray, places: np.ndarray, interpolation: int = cv2.INTER_LINEAR) -> np.ndarray:
    return cv2.remap(picture, places, None, interpolation, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]


def _misses(there: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Return by how much the way there and back misses its start, as a multiple of what is tolerated."""
    missed, moved = _power(there + back), _power(there) + _power(back)
    return cv2.max(missed - _TOLERANCE_PART * moved, 0.0) / _TOLERANCE_PX2  # type: ignore[call-overload]


def _other_colour(frame: np.ndarray, carried: np.ndarray) -> np.ndarray:
    """Return how much colours differ, as a multiple of what is tolerated, squared."""
    difference = reduce(cv2.max, cv2.split(cv2.absdiff(frame, carried)))
    around = cv2.blur(difference.astype(np.float32), (_NEIGHBOURHOOD_PX,) * 2)
    return np.square(around / _COLOUR_TOLERANCE)


def _power(vectors: np.ndarray) -> np.ndarray:
    return np.square(vectors[..., 0]) + np.square(vectors[..., 1])


def _grid(height: int, width: int) -> np.ndarray:
    grid = np.empty((height, width, 2), np.float32)
    grid[..., 0], grid[..., 1] = np.arange(width), np.arange(height)[:, None]
    return grid


def _smooth(picture: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), _DETAIL_SIGMA_PX)


def _strength(detail: np.ndarray) -> np.ndarray:
    power = cv2.transform(np.square(detail), np.full((1, 3), 1 / 3))
    return np.sqrt(np.maximum(cv2.blur(power, (_DETAIL_AROUND_PX,) * 2), 0))
