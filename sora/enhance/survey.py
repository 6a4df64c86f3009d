"""What must be known of a whole video: its brightness, its cuts and how the camera moves."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from sora.transcode.effect import Frame

_WIDTH_PX = 320  # pictures are looked at no wider than this
_MAX_CORNERS, _LEAST_CORNERS = 200, 8
_CUT_CORRELATION = 0.5  # of tiny pictures before and after; below it the shot is another
_TINY_PX = 16
_FLAT = 1e-3  # variance of a picture that shows nothing


@dataclass(frozen=True)
class Survey:
    """One value for each frame.

    Attributes:
        seconds: float64 (N,), from the first frame.
        brightness: float64 (N,), the mean of grey, in [0, 255].
        is_cut: bool (N,), whether a new shot begins; true for the first frame.
        motion: float64 (N, 3), how the picture moved since the frame before: right by its width, down by its
            height, and turned clockwise in radians; 0 at cuts.
    """

    seconds: np.ndarray
    brightness: np.ndarray
    is_cut: np.ndarray
    motion: np.ndarray


def survey(frames: Iterable[Frame]) -> Survey:
    """Return what is found in all frames of a video, in order."""
    seconds, brightness, is_cut, motion = [], [], [], []
    before: np.ndarray | None = None
    for frame in frames:
        grey = _grey(frame.pixels)
        cut = before is None or _differ(before, grey)
        seconds.append(frame.seconds)
        brightness.append(float(grey.mean()))
        is_cut.append(cut)
        motion.append((0.0, 0.0, 0.0) if before is None or cut else camera_motion(before, grey))
        before = grey
    return Survey(
        np.array(seconds, float),
        np.array(brightness, float),
        np.array(is_cut, bool),
        np.array(motion, float).reshape(-1, 3),
    )


def camera_motion(before: np.ndarray, grey: np.ndarray) -> tuple[float, float, float]:
    """Return the motion of most corners between two uint8 pictures (H, W), in the units of ``Survey``.

    Corners (Shi and Tomasi, 1994) are followed (Lucas and Kanade, 1981); a rotation with a shift and a scale
    is fitted to them by random sampling (RANSAC), so that what moves before the background does not count.
    0 where there is too little to follow.
    """
    corners = cv2.goodFeaturesToTrack(before, _MAX_CORNERS, 0.01, 8)
    if corners is None or len(corners) < _LEAST_CORNERS:
        return 0.0, 0.0, 0.0
    found, is_found, _ = cv2.calcOpticalFlowPyrLK(before, grey, corners, None)  # type: ignore[call-overload]
    followed = is_found.ravel() == 1
    if followed.sum() < _LEAST_CORNERS:
        return 0.0, 0.0, 0.0
    matrix, _ = cv2.estimateAffinePartial2D(corners[followed], found[followed])
    if matrix is None:
        return 0.0, 0.0, 0.0
    height, width = grey.shape
    centre = np.array([width / 2, height / 2])
    shift = matrix[:, :2] @ centre + matrix[:, 2] - centre
    return float(shift[0] / width), float(shift[1] / height), float(np.arctan2(matrix[1, 0], matrix[0, 0]))


def smoothed(values: np.ndarray, is_cut: np.ndarray, sigma: float) -> np.ndarray:
    """Smooth values over time by a Gaussian, each shot for itself.

    Args:
        values: float64 (N,) or (N, C).
        is_cut: bool (N,), where shots begin.
        sigma: standard deviation in frames.
    """
    result = np.empty_like(values)
    edges = [*np.flatnonzero(is_cut).tolist(), len(values)]
    reach = np.arange(-round(3 * sigma), round(3 * sigma) + 1)
    weights = np.exp(-0.5 * (reach / sigma) ** 2)
    for first, stop in pairwise(edges):
        shot = values[first:stop].reshape(stop - first, -1)
        # Near its ends a shot goes on as if it were turned about its last value: a steady pan stays one.
        padded = np.pad(shot, [(len(reach) // 2,) * 2, (0, 0)], mode="reflect", reflect_type="odd")
        sums = [np.convolve(column, weights / weights.sum(), "valid") for column in padded.T]
        result[first:stop] = np.stack(sums, axis=1).reshape(values[first:stop].shape)
    return result


def _grey(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    scale = min(1.0, _WIDTH_PX / width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)


def _differ(before: np.ndarray, after: np.ndarray) -> bool:
    tiny = [
        cv2.resize(one, (_TINY_PX, _TINY_PX), interpolation=cv2.INTER_AREA).astype(float).ravel()
        for one in (before, after)
    ]
    flat = [bool(one.var() < _FLAT) for one in tiny]
    if any(flat):
        return not all(flat)
    return bool(np.corrcoef(tiny[0], tiny[1])[0, 1] < _CUT_CORRELATION)
