"""Pictures inside JSON: as data URLs, which a page shows as they are."""

import base64
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from sora.frames.sampling import shown_at
from sora.guard import Guard
from sora.video.pictures import no_wider_than

WIDTH_PX = 320
_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 82]


def data_url(image: bytes, kind: str) -> str:
    """Return the bytes of an image file, ``kind`` jpeg or png, as a data URL."""
    return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"


def bytes_of(url: str) -> bytes:
    """Return what ``data_url`` was given."""
    return base64.b64decode(url.partition(",")[2])


def as_jpeg(picture: np.ndarray) -> str:
    """Return a picture, uint8 RGB (H, W, 3), as the data URL of a JPEG."""
    return data_url(cv2.imencode(".jpg", picture[..., ::-1], _QUALITY)[1].tobytes(), "jpeg")


def pictures_at(path: Path, guard: Guard, seconds: Sequence[float]) -> list[str]:
    """Return the frames of a video that are shown at some moments, at most 320 px wide, as JPEGs.

    Raises:
        VideoError: they cannot be read.
    """
    size = partial(no_wider_than, limit_px=WIDTH_PX)
    frames = guard.read_frames(path, partial(shown_at, moments=seconds), size)
    return [as_jpeg(picture) for picture in frames.pixels]
