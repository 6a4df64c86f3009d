"""Which part of the picture is kept, and how it becomes a square."""

from typing import NamedTuple

import cv2
import numpy as np

from sora.frames.motion import segment_flow

VERSION = 1  # raise it when other pixels come out

_FLOW_SIZE_PX = 112
_MIN_MOTION_PX = 0.1
_NOISE_SHARE = 0.02  # of a row or column: a few bright pixels make no picture
_MIN_PICTURE_SHARE = 0.25  # of each side; less is a dark scene, not a picture between bars


class Box(NamedTuple):
    """A part of a picture in pixels; ``right`` and ``bottom`` are the first ones outside."""

    left: int
    top: int
    right: int
    bottom: int


def region_box(width: int, height: int, region: tuple[float, float, float, float]) -> Box:
    """Return the part between shares (left, top, right, bottom) of a picture's sides, one pixel at least."""
    left, top, right, bottom = region
    x, y = min(round(left * width), width - 1), min(round(top * height), height - 1)
    return Box(x, y, max(round(right * width), x + 1), max(round(bottom * height), y + 1))


def picture_box(frames: np.ndarray, black_bar_level: int) -> Box:
    """Return the part inside black bars of uint8 RGB frames (N, H, W, 3).

    A bar is made of rows or columns at the edge that never, in any frame, rise above ``black_bar_level``, a
    grey level in [0, 255]; 0 finds none. Where too little would be left the scene is dark, and all is kept.
    """
    height, width = frames.shape[1:3]
    whole = Box(0, 0, width, height)
    if black_bar_level == 0:
        return whole
    bright = frames.max(axis=-1) > black_bar_level
    rows = (bright.mean(axis=2) > _NOISE_SHARE).any(axis=0)
    if not rows.any():
        return whole
    top, bottom = _span(rows)
    columns = (bright[:, top:bottom].mean(axis=1) > _NOISE_SHARE).any(axis=0)
    if not columns.any():
        return whole
    left, right = _span(columns)
    large = bottom - top >= _MIN_PICTURE_SHARE * height and right - left >= _MIN_PICTURE_SHARE * width
    return Box(left, top, right, bottom) if large else whole


def motion_box(pairs: np.ndarray, side_share: float) -> Box:
    """Return the window of ``side_share`` of each side that holds the most motion, the camera's removed.

    Args:
        pairs: uint8 RGB (T, 2, H, W, 3), two frames a short time apart.
        side_share: in (0, 1].
    """
    height, width = pairs.shape[2:4]
    return moving_box(segment_flow(pairs, _FLOW_SIZE_PX).compensated, width, height, side_share)


def moving_box(flow: np.ndarray, width: int, height: int, side_share: float) -> Box:
    """Return the window of a picture, ``side_share`` of each side, that holds the most motion.

    What moves is summed over the clip and smoothed with a Gaussian as wide as the window, which is centred on
    the peak and moved inside the picture; without motion it is centred.

    Args:
        flow: float32 (T, S, S, 2), the camera's motion removed.
        width, height: of the picture, in pixels.
        side_share: in (0, 1].
    """
    window = max(1, round(side_share * width)), max(1, round(side_share * height))
    right, down = np.moveaxis(flow, -1, 0)
    motion = np.sqrt(right**2 + down**2)  # a fifth of the time of np.linalg.norm, same bytes
    x, y = _motion_centre(motion.sum(axis=0) / len(flow), side_share)
    left = int(np.clip(round(x * width - window[0] / 2), 0, width - window[0]))
    top = int(np.clip(round(y * height - window[1] / 2), 0, height - window[1]))
    return Box(left, top, left + window[0], top + window[1])


def crop(frames: np.ndarray, box: Box) -> np.ndarray:
    """Return the part ``box`` of frames (..., H, W, 3)."""
    return frames[..., box.top : box.bottom, box.left : box.right, :]


def fit_square(frames: np.ndarray, size_px: int, fit: str) -> np.ndarray:
    """Turn uint8 RGB frames (N, H, W, 3) into (N, size_px, size_px, 3).

    Args:
        frames: of any size; frames that are such squares already are returned as they are.
        size_px: side of the square.
        fit: ``stretch``; ``letterbox``, the whole picture between black bars; ``centre_crop``, the middle.
    """
    height, width = frames.shape[1:3]
    if (width, height) == (size_px, size_px):
        return frames
    if fit == "stretch":
        return _resize(frames, size_px, size_px)
    if fit not in ("letterbox", "centre_crop"):
        raise ValueError(f"expected fit stretch, letterbox or centre_crop, got {fit!r}")
    shown_width, shown_height = scaled_size(width, height, size_px, inside=fit == "letterbox")
    scaled = _resize(frames, shown_width, shown_height)
    left, top = abs(shown_width - size_px) // 2, abs(shown_height - size_px) // 2
    if fit == "centre_crop":
        return scaled[:, top : top + size_px, left : left + size_px]
    square = np.zeros((len(frames), size_px, size_px, 3), np.uint8)
    square[:, top : top + shown_height, left : left + shown_width] = scaled
    return square


def scaled_size(width: int, height: int, size_px: int, *, inside: bool) -> tuple[int, int]:
    """Return width and height with the longer (``inside``) or the shorter side ``size_px``, same shape."""
    scale = size_px / (max if inside else min)(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _span(found: np.ndarray) -> tuple[int, int]:
    places = np.flatnonzero(found)
    return int(places[0]), int(places[-1]) + 1


def _motion_centre(motion: np.ndarray, side_share: float) -> tuple[float, float]:
    """Return shares of the sides, for the mean displacement of each pixel, float32 (S, S)."""
    # A trace of motion everywhere would pull the window to the middle.
    motion = np.where(motion < motion.mean(), 0, motion)
    if motion.max() < _MIN_MOTION_PX:
        return 0.5, 0.5
    size = len(motion)
    spread = cv2.GaussianBlur(motion, (0, 0), side_share * size / 4, borderType=cv2.BORDER_CONSTANT)
    y, x = np.unravel_index(spread.argmax(), spread.shape)
    return (float(x) + 0.5) / size, (float(y) + 0.5) / size


def _resize(frames: np.ndarray, width: int, height: int) -> np.ndarray:
    shrinks = width <= frames.shape[2] and height <= frames.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.stack([cv2.resize(frame, (width, height), interpolation=method) for frame in frames])
