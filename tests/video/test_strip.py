import cv2
import numpy as np
import pytest

from sora.errors import SoraError
from sora.video.strip import middle_tile, strip_jpeg


def decoded(jpeg: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)


def plain(level: int, height: int = 60, width: int = 80) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


@pytest.mark.parametrize(("count", "tiles"), [(1, 1), (7, 7), (8, 8), (9, 8), (16, 8)])
def test_up_to_eight_pictures_from_first_to_last(count: int, tiles: int):
    strip = decoded(strip_jpeg([plain(10 * number + 20) for number in range(count)]))
    assert strip.shape == (120, 160 * tiles, 3)
    levels = strip[60, 80::160].mean(axis=1)
    assert levels[0] == pytest.approx(20, abs=2)
    assert levels[-1] == pytest.approx(10 * (count - 1) + 20, abs=2)
    assert (np.diff(levels) > 5).all()


def test_pictures_keep_their_shape_and_colour():
    tall = np.zeros((200, 100, 3), np.uint8)
    tall[..., 0] = 200
    tile = decoded(strip_jpeg([tall]))
    assert tile[60, 80].tolist() == pytest.approx([200, 0, 0], abs=6)
    red = np.flatnonzero(tile[60, :, 0] > 100)
    assert (red[0], red[-1]) == pytest.approx((50, 109), abs=1)
    assert tile[60, 10].max() < 10


def test_the_middle_tile_is_cut_out():
    levels = [30, 90, 150, 210]
    assert decoded(middle_tile(strip_jpeg([plain(level) for level in levels]))).mean() == pytest.approx(
        150, abs=2
    )
    assert decoded(middle_tile(strip_jpeg([plain(77)]))).shape == (120, 160, 3)


def test_no_picture_no_strip():
    assert strip_jpeg([]) == b""


@pytest.mark.parametrize("wrong", [b"", b"no jpeg"])
def test_anything_else_is_refused(wrong: bytes):
    with pytest.raises(SoraError, match="expected a JPEG strip"):
        middle_tile(wrong)
    other = cv2.imencode(".jpg", plain(9))[1].tobytes()
    with pytest.raises(SoraError, match="expected a JPEG strip"):
        middle_tile(other)
