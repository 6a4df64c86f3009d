"""Styles by name, number or picture."""

import difflib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from sora.errors import SoraError
from sora.runtimes import onnx_session
from sora.stylize.weights import Layers, built_in_layers, embedded_layers, model_file

# The package only numbers them: words for how they look, in its order.
NAMES = (
    *("fresco", "woodcut", "watercolour", "shards", "poster", "crayon", "beads", "primary", "candy"),
    *("petals", "copper", "sand", "dawn", "meadow", "frost", "lace", "dusk", "weave", "carving"),
    *("starry", "ember", "cutout", "comic", "portrait", "etching", "tapestry"),
)
_MAX_IMAGE_BYTES = 100_000_000
_IMAGE_SIDE_PX = 256  # of what the network of embeddings sees


@dataclass(frozen=True)
class Style:
    """A style, ready to paint with."""

    name: str
    layers: Layers


def find_style(text: str) -> Style:
    """Return a built-in style by its name or number, 0 to 25, or that of an image file.

    Raises:
        SoraError: there is no such style, or the file is no picture, or the weights are not installed.
    """
    if text in NAMES:
        return built_in_style(NAMES.index(text))
    if text.isdecimal() and int(text) < len(NAMES):
        return built_in_style(int(text))
    path = Path(text)
    if path.is_file():
        return Style(path.name, embedded_layers(embed(read_image(path))))
    if path.suffix or len(path.parts) > 1:
        raise SoraError(f"{text}: no such file; a style is an image, or the name of a built-in one")
    near = difflib.get_close_matches(text.lower(), NAMES, n=3, cutoff=0.5)
    meant = f"; near it: {', '.join(near)}" if near else f"; there are {', '.join(NAMES)}"
    raise SoraError(
        f"style '{text}': no built-in style (a name, or 0 to {len(NAMES) - 1}) and no file{meant}"
    )


def built_in_style(number: int) -> Style:
    """Return one of the 26 built-in styles."""
    return Style(NAMES[number], built_in_layers(number))


def read_image(path: Path) -> np.ndarray:
    """Read a picture as uint8 RGB (H, W, 3), turned as its EXIF data says.

    Raises:
        SoraError: it is none, larger than 100 MB, or cannot be read.
    """
    try:
        size = path.stat().st_size
        if size > _MAX_IMAGE_BYTES:
            raise SoraError(f"{path}: has {size / 1e6:,.0f} MB; a style image has at most 100 MB")
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise SoraError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        found = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB) if data.size else None
    except cv2.error:  # OpenCV's answer to a header that promises more pixels than it would read
        found = None
    if found is None:
        raise SoraError(f"{path}: not a picture that can be read; a style image is a PNG, JPEG or WebP file")
    return found


def embed(image: np.ndarray) -> np.ndarray:
    """Return the style of the middle square of a picture, uint8 RGB (H, W, 3), as float32 (100,)."""
    side = min(image.shape[:2])
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    square = image[top : top + side, left : left + side]
    square = cv2.resize(square, (_IMAGE_SIDE_PX,) * 2, interpolation=cv2.INTER_AREA)
    session = onnx_session(str(model_file("arbitrary_predict.onnx")))
    given = square[None].astype(np.float32) / 255
    return session.run(None, {session.get_inputs()[0].name: given})[0].ravel()
