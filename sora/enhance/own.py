"""The super-resolution network that was trained on the project's own videos."""

import hashlib
import json
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from sora import layout
from sora.enhance.network import MARGIN_PX, SCALE
from sora.errors import SoraError
from sora.params import STRICT, convert
from sora.runtimes import onnx_session

VERSION = 1  # raise it when the pixels of an unchanged network change
EATEN_PX = 4  # what the network eats of its input on each side
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # BT.601
_TRAIN = "dvc repro models/upscaler/dvc.yaml trains it on the videos of this project"


@dataclass(frozen=True)
class Judged:
    """How near to a held-out clip its frames come, shrunk and enlarged again: PSNR of luma in decibels."""

    __pydantic_config__: ClassVar = STRICT

    path: str
    network_db: float
    lanczos_db: float
    bicubic_db: float


@dataclass(frozen=True)
class Judgement:
    """What held-out clips say of a network.

    Attributes:
        network_hash: SHA-256 of its file.
        beats_lanczos: whether all of ``gain_interval_db`` lies above 0.
        network_db, lanczos_db, bicubic_db: means over the clips.
        gain_db: of the network over Lanczos, likewise.
        gain_interval_db: its 95 % interval over groups of clips.
        clips: each of them.
        unread: the path of each clip that could not be read, and why.
    """

    __pydantic_config__: ClassVar = STRICT

    network_hash: str
    beats_lanczos: bool
    network_db: float
    lanczos_db: float
    bicubic_db: float
    gain_db: float
    gain_interval_db: tuple[float, float]
    clips: list[Judged]
    unread: dict[str, str]


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
        made += 255 * together(added[0])[..., None]  # the same to R, G and B: colours stay
        return np.rint(np.clip(made, 0, 255)).astype(np.uint8)


def load_own_enlarger() -> OwnEnlarger:
    """Return the project's own network.

    Raises:
        SoraError: there is none, or held-out clips do not say that it beats Lanczos.
    """
    try:
        model = layout.UPSCALER.read_bytes()
        text = layout.UPSCALER_JUDGEMENT.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SoraError(f"{error.filename} is not here: {_TRAIN}") from error
    found = _judgement(text)
    if found.network_hash != hash_of(model):
        raise SoraError(f"{layout.UPSCALER_JUDGEMENT} is about another network: {_TRAIN}")
    if not found.beats_lanczos:
        low, high = found.gain_interval_db
        raise SoraError(
            f"{layout.UPSCALER} does not surely beat Lanczos on held-out clips ({found.gain_db:+.2f} dB, "
            f"95 % interval {low:+.2f} to {high:+.2f}): use --network photo, or train it on more videos"
        )
    return OwnEnlarger(model)


def hash_of(model: bytes) -> str:
    """Return the SHA-256 of a network's file, in hexadecimal digits."""
    return hashlib.sha256(model).hexdigest()


def luma_of(pixels: np.ndarray) -> np.ndarray:
    """Return float32 (..., H, W) in [0, 1] of uint8 RGB (..., H, W, 3)."""
    return pixels @ (LUMA / 255)


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


def _judgement(text: str) -> Judgement:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise SoraError(f"{layout.UPSCALER_JUDGEMENT} is damaged ({error}): {_TRAIN}") from error
    return convert(Judgement, value, str(layout.UPSCALER_JUDGEMENT))
