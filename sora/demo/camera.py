"""How a clip is filmed: moves of the camera, and light; both are as likely forwards as backwards in time."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sora.demo.pose import FloatArray

Image = NDArray[np.uint8]

CAMERA_MOVES = ("static", "pan", "zoom", "handheld")
REACH = 0.2  # of the picture's size: how far beyond its edges the camera may look


@dataclass(frozen=True)
class Light:
    """Brightness and colour of a clip."""

    gain: float
    gamma: float
    cast: tuple[float, float, float]  # factors on red, green and blue
    flicker: float  # relative amplitude
    flicker_hz: float
    flicker_phase: float
    noise_sigma: float  # grey levels


def random_camera(num_frames: int, width_px: int, height_px: int, rng: np.random.Generator) -> FloatArray:
    """Return affine matrices of shape (T, 2, 3), from the still scene's pixels to each frame's."""
    move = CAMERA_MOVES[rng.integers(len(CAMERA_MOVES))]
    path = np.linspace(-0.5, 0.5, num_frames)
    shift, zoom, roll = np.zeros((num_frames, 2)), np.ones(num_frames), np.zeros(num_frames)
    if move == "pan":
        shift = path[:, None] * rng.choice([-1, 1], 2) * rng.uniform((0.06, 0), (0.16, 0.03))
    if move == "zoom":
        zoom = 1 + path * rng.choice([-1, 1]) * rng.uniform(0.08, 0.2)
    if move == "handheld":
        shift = np.stack([_shake(num_frames, rng) for _ in range(2)], axis=-1) * rng.uniform(0.004, 0.012)
        roll = np.radians(_shake(num_frames, rng) * rng.uniform(0.2, 0.9))
    return _affine(shift * (width_px, height_px), zoom, roll, (width_px / 2, height_px / 2))


def _shake(num_frames: int, rng: np.random.Generator) -> FloatArray:
    """Return a sum of slow waves with random phases, about -1.5 to 1.5."""
    share = np.linspace(0, 1, num_frames)
    return sum(
        (
            np.sin(2 * np.pi * (cycles * rng.uniform(0.8, 1.2) * share + rng.random())) / np.sqrt(cycles)
            for cycles in (1, 3, 7)
        ),
        start=np.zeros(num_frames),
    )


def _affine(
    shift_px: FloatArray, zoom: FloatArray, roll: FloatArray, centre_px: tuple[float, float]
) -> FloatArray:
    cosine, sine = zoom * np.cos(roll), zoom * np.sin(roll)
    linear = np.stack([np.stack([cosine, -sine], -1), np.stack([sine, cosine], -1)], axis=1)
    centre = np.array(centre_px)
    offset = centre + shift_px - linear @ centre
    return np.concatenate([linear, offset[..., None]], axis=-1)


def random_light(rng: np.random.Generator) -> Light:
    """Draw light between dim and bright, with a slight tint and, in half of the clips, a slow flicker."""
    return Light(
        gain=float(rng.uniform(0.72, 1.15)),
        gamma=float(rng.uniform(0.8, 1.25)),
        cast=tuple(rng.uniform(0.92, 1.08, 3).tolist()),
        flicker=float(rng.uniform(0.01, 0.06) * (rng.random() < 0.5)),
        flicker_hz=float(rng.uniform(0.3, 2.0)),
        flicker_phase=float(rng.random()),
        noise_sigma=float(rng.uniform(0.5, 3.0)),
    )


def film(image: Image, light: Light, seconds: float, noise: NDArray[np.int16]) -> Image:
    """Return ``image`` (height, width, 3; RGB uint8) exposed at ``seconds``, plus ``noise`` of its shape."""
    flicker = 1 + light.flicker * np.sin(2 * np.pi * (light.flicker_hz * seconds + light.flicker_phase))
    level = (np.arange(256) / 255) ** light.gamma * 255 * light.gain * flicker
    table = np.clip(np.rint(level[:, None] * light.cast), 0, 255).astype(np.uint8)[None]
    exposed = cv2.LUT(image, table)
    return cv2.add(exposed, noise, dtype=cv2.CV_8U).astype(np.uint8, copy=False)


def look_through(backdrop: Image, camera: FloatArray, width_px: int, height_px: int) -> Image:
    """Return what one camera position (2, 3) shows of a backdrop that extends REACH beyond the picture."""
    margin = np.array([width_px, height_px]) * REACH
    placed = camera.copy()
    placed[:, 2] -= camera[:, :2] @ margin
    frame = cv2.warpAffine(
        backdrop, placed, (width_px, height_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return frame.astype(np.uint8, copy=False)
