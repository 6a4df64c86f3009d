"""The thumbnail strip of a video: a few of its frames side by side, each in a tile of one size."""

import cv2
import numpy as np

from sora.errors import SoraError

TILE_WIDTH_PX, TILE_HEIGHT_PX = 160, 120
MAX_TILES = 8
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 75]


def strip_jpeg(pictures: list[np.ndarray]) -> bytes:
    """Return up to 8 of the pictures, evenly chosen, side by side as a JPEG (empty for none).

    ``pictures``: uint8 RGB (H, W, 3), upright. Each is fitted into a tile of 160 x 120 px, with black bars.
    """
    if not pictures:
        return b""
    chosen = np.linspace(0, len(pictures) - 1, min(MAX_TILES, len(pictures))).round().astype(int)
    return _encode(np.hstack([_tile(pictures[number]) for number in chosen]))


def middle_tile(strip: bytes) -> bytes:
    """Return the middle frame of a strip as a JPEG of 160 x 120 px.

    Raises:
        SoraError: ``strip`` is not what ``strip_jpeg`` made.
    """
    pixels = cv2.imdecode(np.frombuffer(strip, np.uint8), cv2.IMREAD_COLOR_RGB) if strip else None
    if pixels is None or pixels.shape[0] != TILE_HEIGHT_PX or pixels.shape[1] % TILE_WIDTH_PX:
        raise SoraError(
            f"expected a JPEG strip of {TILE_WIDTH_PX} × {TILE_HEIGHT_PX} px tiles as thumbnail, got "
            f"{len(strip)} bytes of something else; delete data/facts and run dvc repro"
        )
    start = pixels.shape[1] // TILE_WIDTH_PX // 2 * TILE_WIDTH_PX
    return _encode(pixels[:, start : start + TILE_WIDTH_PX])


def _tile(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    scale = min(TILE_WIDTH_PX / width, TILE_HEIGHT_PX / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    left, top = (TILE_WIDTH_PX - size[0]) // 2, (TILE_HEIGHT_PX - size[1]) // 2
    right, bottom = TILE_WIDTH_PX - size[0] - left, TILE_HEIGHT_PX - size[1] - top
    return cv2.copyMakeBorder(small, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(0, 0, 0))


def _encode(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", pixels[..., ::-1], _JPEG)[1].tobytes()
