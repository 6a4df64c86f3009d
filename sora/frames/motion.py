"""Dense optical flow, camera motion removed, and histograms of it by region."""

from typing import NamedTuple

import cv2
import numpy as np

VERSION = 2  # raise it when other numbers come out
_FIT_STEP_PX = 4
_FIT_ROUNDS = 5


class Flow(NamedTuple):
    """Motion in each segment of a clip, in pixels (right, down) of the flow's own picture.

    Attributes:
        raw: float32 (T, S, S, 2).
        compensated: the same with camera motion removed.
    """

    raw: np.ndarray
    compensated: np.ndarray


def segment_flow(pairs: np.ndarray, size_px: int) -> Flow:
    """Return the flow between frame pairs, uint8 RGB (T, 2, H, W, 3), on pictures of side ``size_px``."""
    shape = (len(pairs), size_px, size_px, 2)
    raw, compensated = np.empty(shape, np.float32), np.empty(shape, np.float32)
    for i, (first, second) in enumerate(pairs):
        raw[i] = dense_flow(first, second, size_px)
        compensated[i] = remove_camera_motion(raw[i])
    return Flow(raw, compensated)


def dense_flow(first: np.ndarray, second: np.ndarray, size_px: int) -> np.ndarray:
    """Return the flow float32 (S, S, 2) in pixels (right, down) between two uint8 RGB frames (H, W, 3).

    Dense inverse search (Kroeger et al., "Fast optical flow using dense inverse search", 2016).
    """
    grey = [
        cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), (size_px, size_px), interpolation=cv2.INTER_AREA)
        for frame in (first, second)
    ]
    # A fresh object each time: DISOpticalFlow keeps buffers, and one pair must not depend on the last.
    return cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST).calc(*grey, None)  # type: ignore[call-overload]


def remove_camera_motion(flow: np.ndarray) -> np.ndarray:
    """Subtract the dominant affine motion from a flow field float32 (S, S, 2).

    Iteratively reweighted least squares with Cauchy weights on a coarse grid (Odobez and Bouthemy, "Robust
    multiresolution estimation of parametric motion models", 1995).
    """
    grid = _affine_basis(flow.shape[0], _FIT_STEP_PX)
    sparse = flow[_FIT_STEP_PX // 2 :: _FIT_STEP_PX, _FIT_STEP_PX // 2 :: _FIT_STEP_PX].reshape(-1, 2)
    sparse = sparse.astype(np.float64)
    weights = np.ones(len(sparse))
    model = np.zeros((3, 2))
    for _ in range(_FIT_ROUNDS):
        weighted = grid * weights[:, None]
        model = np.linalg.solve(weighted.T @ grid + 1e-6 * np.eye(3), weighted.T @ sparse)
        residual = np.linalg.norm(sparse - grid @ model, axis=1)
        scale = max(1.4826 * float(np.median(residual)), 0.05)
        weights = 1 / (1 + (residual / (2 * scale)) ** 2)
    camera = _affine_basis(flow.shape[0], 1) @ model
    return (flow - camera.reshape(flow.shape)).astype(np.float32)


def direction_histogram(flow: np.ndarray, grid_cells: int, num_bins: int) -> np.ndarray:
    """Return how far things move in which direction, by region.

    Args:
        flow: float32 (S, S, 2), right and down.
        grid_cells: the picture is divided into this many cells each way.
        num_bins: directions, the first centred on motion to the right, turning clockwise on the screen.

    Returns:
        float32 (grid_cells**2 * num_bins,). A bin is the square root of the mean displacement in its
        direction, in percent of the side; a direction between two bins counts in both.
    """
    size = flow.shape[0]
    magnitude, angle = cv2.cartToPolar(np.ascontiguousarray(flow[..., 0]), np.ascontiguousarray(flow[..., 1]))
    position = angle * (num_bins / (2 * np.pi))
    low = np.floor(position)
    share = position - low
    cell = np.arange(size) * grid_cells // size
    place = (cell[:, None] * grid_cells + cell[None, :]) * num_bins
    histogram = np.zeros(grid_cells**2 * num_bins)
    for bins, weight in ((low, 1 - share), (low + 1, share)):
        index = place + bins.astype(int) % num_bins
        histogram += np.bincount(index.ravel(), (magnitude * weight).ravel(), minlength=len(histogram))
    pixels_per_cell = (size / grid_cells) ** 2
    return np.sqrt(histogram / pixels_per_cell / size * 100).astype(np.float32)


def _affine_basis(size_px: int, step_px: int) -> np.ndarray:
    along = (np.arange(step_px // 2, size_px, step_px) + 0.5) / size_px - 0.5
    y, x = np.meshgrid(along, along, indexing="ij")
    return np.stack([np.ones_like(x), x, y], axis=-1).reshape(-1, 3)
