"""The super-resolution network that was trained on the project's own videos."""

import hashlib

import cv2
import numpy as np

from sora.enhance.network import MARGIN_PX, SCALE
from sora.runtimes import onnx_session

VERSION = 1  # raise it when the pixels of an unchanged network change
EATEN_PX = 4  # what the network eats of its input on each side
UNIT = np.float32(16 / 255)  # of what it adds; Lanczos misses about as much, and small numbers learn badly
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # BT.601


class OwnEnlarger:
    """Makes a picture twice as wide and high, by Lanczos and what the network adds to its luma.

    Threads may share it.
    """

    def __init__(self, model: bytes) -> None:
        """Load the bytes of an ONNX file on one thread."""
        self.key = f"own {VERSION} {hash_of(model)}"
        self._session = onnx_session(model)

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Return uint8 RGB (2 H, 2 W, 3) of uint8 RGB (H + 14, W + 14, 3), which has a margin of 7 px."""
        spare = MARGIN_PX - EATEN_PX
        luma = luma_of(pixels[spare:-spare, spare:-spare])
        (added,) = self._session.run(None, {"luma": luma[None, ..., None]})
        cut = SCALE * MARGIN_PX
        made = lanczos(pixels.astype(np.float32))[cut:-cut, cut:-cut]
        made += 255 * UNIT * together(added[0])[..., None]  # the same to R, G and B: colours stay
        return np.rint(np.clip(made, 0, 255)).astype(np.uint8)


def hash_of(model: bytes) -> str:
    """Return the SHA-256 of a network's file, in hexadecimal digits."""
    return hashlib.sha256(model).hexdigest()


def luma_of(pixels: np.ndarray) -> np.ndarray:
    """Return float32 (H, W) in [-0.5, 0.5] of uint8 RGB (H, W, 3)."""
    return pixels @ (LUMA / 255) - np.float32(0.5)


def lanczos(picture: np.ndarray) -> np.ndarray:
    """Return a picture (H, W) or (H, W, 3), uint8 or float32, twice as wide and high; float32 overshoots."""
    return cv2.resize(picture, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_LANCZOS4)


def together(maps: np.ndarray) -> np.ndarray:
    """Return (2 H, 2 W) of (H, W, 4), the four pixels that each pixel becomes."""
    height, width, _ = maps.shape
    return maps.reshape(height, width, SCALE, SCALE).swapaxes(1, 2).reshape(SCALE * height, SCALE * width)


def apart(picture: np.ndarray) -> np.ndarray:
    """Return (H, W, 4) of (2 H, 2 W): the inverse of ``together``."""
    height, width = (size // SCALE for size in picture.shape)
    return picture.reshape(height, SCALE, width, SCALE).swapaxes(1, 2).reshape(height, width, SCALE**2)
