"""Perceptual hashes over time: what copies share, though re-encoded, scaled, mirrored or cut.

Each of up to 32 evenly spaced moments has two 64-bit hashes. The picture hash holds the signs of the 8 x 8
lowest DCT frequencies (after Zauner, "Implementation and benchmarking of perceptual image hash functions",
2010) and tells scenes apart. The motion hash is that of the picture less the video's mean picture, and tells
apart what happens in one scene. Signs about zero, not about the median as usual, make mirroring a flip of
known bits.
"""

from dataclasses import dataclass

import cv2
import numpy as np

MAX_MOMENTS = 32
FIRST_STEP_SECONDS = 1 / 32
TINY_PX = 32
_LOW = 8  # frequencies a side
_HAS_PICTURE = np.uint64(1 << 63)  # stands in the place of the mean, whose sign says nothing
_ODD_COLUMNS = np.packbits(np.tile([False, True], 32)).view(">u8").astype(np.uint64)[0]
_MIN_AMPLITUDE = 2.0  # grey levels of 255: below it, signs are noise
_DIGITS = 16


@dataclass(frozen=True)
class Fingerprint:
    """Hashes of the moments 0, ``step_seconds``, 2 ``step_seconds``...: two uint64 arrays (N,), 0 where flat.

    Steps are powers of two apart from video to video.
    """

    step_seconds: float
    pictures: np.ndarray
    motions: np.ndarray


def fingerprint(tiny: np.ndarray, step_seconds: float) -> Fingerprint:
    """Return the fingerprint of grey pictures (N, 32, 32) in 0 to 255, ``step_seconds`` apart."""
    pictures = np.asarray(tiny, np.float32)
    motions = pictures - pictures.mean(axis=0) if len(pictures) else pictures
    return Fingerprint(step_seconds, _hashes(pictures), _hashes(motions))


def mirrored(hashes: np.ndarray) -> np.ndarray:
    """Return the hashes that the mirrored pictures (left and right exchanged) have: uint64, any shape."""
    # Mirroring changes the sign of exactly the frequencies that are odd along x.
    return np.where(hashes == 0, hashes, hashes ^ _ODD_COLUMNS)


def to_hex(hashes: np.ndarray) -> str:
    """Write uint64 hashes (N,) as 16 hexadecimal digits each."""
    return hashes.astype(">u8").tobytes().hex()


def from_hex(text: str) -> np.ndarray:
    """Read what ``to_hex`` wrote; raises ValueError for anything else."""
    if len(text) % _DIGITS:
        raise ValueError(f"expected {_DIGITS} hexadecimal digits a hash, got {len(text)} digits")
    return np.frombuffer(bytes.fromhex(text), ">u8").astype(np.uint64)


def _hashes(pictures: np.ndarray) -> np.ndarray:
    low = np.zeros((len(pictures), _LOW * _LOW), np.float32)
    for number, picture in enumerate(pictures):
        low[number] = cv2.dct(picture)[:_LOW, :_LOW].ravel()
    low[:, 0] = 0
    signs = np.packbits(low > 0, axis=1).view(">u8").astype(np.uint64).reshape(-1) | _HAS_PICTURE
    return np.where(np.abs(low).mean(axis=1) < _MIN_AMPLITUDE, np.uint64(0), signs)
