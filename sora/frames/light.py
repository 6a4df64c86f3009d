"""Light: white balance, gamma, local contrast; each the same for every frame of a clip where it can be."""

import cv2
import numpy as np

VERSION = 1  # raise it when other pixels come out

_CLAHE_TILES = 8


def balance_grey_world(frames: np.ndarray, strength: float) -> np.ndarray:
    """Scale the channels of uint8 RGB frames (N, H, W, 3) towards one common mean over the whole clip.

    Grey-world assumption: Buchsbaum, "A spatial processor model for object colour perception", 1980. The
    gains are of the clip, not of a frame, so that colours do not flicker.

    Args:
        frames: in [0, 255].
        strength: 0 changes nothing, 1 makes the means equal.
    """
    if strength == 0:
        return frames
    means = np.maximum(frames.mean(axis=(0, 1, 2), dtype=np.float64), 1.0)
    gains = (means.mean() / means) ** strength
    table = np.arange(256)[:, None] * gains
    return _look_up(frames, table)


def correct_gamma(frames: np.ndarray, gamma: float) -> np.ndarray:
    """Raise uint8 RGB frames (N, H, W, 3), as shares of 255, to 1 / ``gamma``: above 1 is brighter."""
    if gamma == 1:
        return frames
    curve = 255 * (np.arange(256) / 255) ** (1 / gamma)
    return _look_up(frames, np.repeat(curve[:, None], 3, axis=1))


def equalise_locally(frames: np.ndarray, clip_limit: float) -> np.ndarray:
    """Raise the local contrast of the luminance of uint8 RGB frames (N, H, W, 3); hues stay.

    CLAHE on L of CIE L*a*b*, 8 x 8 tiles (Zuiderveld, "Contrast limited adaptive histogram equalization",
    1994).

    Args:
        frames: in [0, 255].
        clip_limit: 0 changes nothing; 2 is mild, 4 strong.
    """
    if clip_limit == 0:
        return frames
    clahe = cv2.createCLAHE(clip_limit, (_CLAHE_TILES, _CLAHE_TILES))
    return np.stack([_equalised(frame, clahe) for frame in frames])


def _equalised(frame: np.ndarray, clahe: cv2.CLAHE) -> np.ndarray:
    lab = cv2.cvtColor(frame, cv2.COLOR_RGB2LAB)
    lab[..., 0] = clahe.apply(lab[..., 0])
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)


def _look_up(frames: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Replace levels channel by channel by a float table (256, 3)."""
    levels = np.clip(np.round(table), 0, 255).astype(np.uint8)
    return np.stack([levels[frames[..., channel], channel] for channel in range(3)], axis=-1)
