"""A first pass over every frame of a video: a few numbers for each, in little memory."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from sora.errors import VideoError
from sora.frames.geometry import scaled_size

VERSION = 1  # raise it when other numbers come out

_LONGER_SIDE_PX = 160
_CELLS = 8
_MIN_RESPONSE = 0.1  # of phase correlation; a cut to another scene has less


@dataclass(frozen=True, eq=False)
class Survey:
    """What was seen of each of N frames; each attribute is float64 (N,). The first frame has no change.

    Attributes:
        times: seconds from the first frame.
        brightness: mean grey, in [0, 1].
        sharpness: variance of the Laplacian, in squared grey levels (Pech-Pacheco et al., "Diatom
            autofocusing in brightfield microscopy", 2000).
        change: mean absolute difference from the frame before, in grey levels.
        local_change: the same in the one of 8 x 8 cells that changes most.
        speed: of the picture as a whole, such as a camera that swings round, in longer sides of the picture
            per second; by phase correlation (Kuglin and Hines, 1975), which follows far larger shifts than
            optical flow does. Zeros where it was not asked for.
    """

    times: np.ndarray
    brightness: np.ndarray
    sharpness: np.ndarray
    change: np.ndarray
    local_change: np.ndarray
    speed: np.ndarray


def survey_size(width: int, height: int) -> tuple[int, int]:
    """Return the size at which a video is surveyed, so that the limits mean the same for every resolution."""
    return scaled_size(width, height, _LONGER_SIDE_PX, inside=True)


def survey_frames(frames: Iterable[tuple[float, np.ndarray]], *, with_speed: bool) -> Survey:
    """Measure a stream of times in seconds and grey frames, uint8 (H, W), of ``survey_size``.

    Raises:
        VideoError: there is no frame.
    """
    rows: list[tuple[float, ...]] = []
    previous: tuple[float, np.ndarray] | None = None
    for time, grey in frames:
        still = (float(grey.mean()) / 255, float(cv2.Laplacian(grey, cv2.CV_32F).var(dtype=np.float64)))
        moving = _changes(previous, (time, grey), with_speed) if previous else (0.0, 0.0, 0.0)
        rows.append((time, *still, *moving))
        previous = (time, grey)
    if not rows:
        raise VideoError("has no frame in this part")
    return Survey(*np.array(rows, np.float64).T.copy())


def _changes(
    before: tuple[float, np.ndarray], after: tuple[float, np.ndarray], with_speed: bool
) -> tuple[float, float, float]:
    difference = cv2.absdiff(before[1], after[1])
    cells = cv2.resize(difference.astype(np.float32), (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
    seconds = after[0] - before[0]
    speed = _shift(before[1], after[1]) / seconds if with_speed and seconds > 0 else 0.0
    return float(difference.mean()), float(cells.max()), speed


def _shift(before: np.ndarray, after: np.ndarray) -> float:
    """Return how far the picture as a whole moved, in longer sides; 0 where the two do not match."""
    window = cv2.createHanningWindow(before.shape[::-1], cv2.CV_32F)
    (x, y), response = cv2.phaseCorrelate(before.astype(np.float32), after.astype(np.float32), window)
    return float(np.hypot(x, y)) / max(before.shape) if response >= _MIN_RESPONSE else 0.0
