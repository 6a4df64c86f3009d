import struct
import zlib

import cv2
import numpy as np
import pytest
from pictures import texture

from sora.errors import SoraError
from sora.stylize.styles import NAMES, embed, find_style, read_image
from sora.stylize.weights import NUM_STYLES


def test_every_style_has_its_name():
    assert len(set(NAMES)) == len(NAMES) == NUM_STYLES


def test_a_style_is_found_by_name_and_by_number():
    by_name, by_number = find_style("starry"), find_style("19")
    assert by_name.name == by_number.name == "starry"
    np.testing.assert_array_equal(by_name.layers.expanding[0].shift, by_number.layers.expanding[0].shift)


def test_an_image_is_a_style_whatever_its_shape(tmp_path):
    file = tmp_path / "painting.png"
    cv2.imwrite(str(file), texture(40, 90)[..., ::-1])
    np.testing.assert_array_equal(read_image(file), texture(40, 90))
    found, other = find_style(str(file)), embed(texture(40, 40, seed=9))
    assert found.name == "painting.png"
    assert found.layers.contracting[0].scale is None
    assert np.abs(other - embed(texture(40, 90))).max() > 0.05


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stary", r"style 'stary': no built-in style .* near it: starry"),
        ("26", r"style '26': no built-in style \(a name, or 0 to 25\)"),
        ("qqqq", r"there are fresco, woodcut"),
        ("nowhere/wave.jpg", r"nowhere/wave.jpg: no such file; a style is an image"),
        ("notes.txt", r"notes.txt: not a picture that can be read"),
        ("empty.png", r"empty.png: not a picture that can be read"),
    ],
)
def test_what_is_no_style_is_told_in_one_line(text, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "empty.png").write_bytes(b"")
    with pytest.raises(SoraError, match=message) as raised:
        find_style(text)
    assert "\n" not in str(raised.value)


def test_a_picture_too_large_to_be_read_is_told(tmp_path):
    huge, sparse = tmp_path / "huge.png", tmp_path / "sparse.png"
    header = b"IHDR" + struct.pack(">IIBBBBB", 2**30, 2**30, 8, 2, 0, 0, 0)
    huge.write_bytes(
        b"\x89PNG\r\n\x1a\n\0\0\0\r" + header + struct.pack(">I", zlib.crc32(header)) + bytes(64)
    )
    with pytest.raises(SoraError, match=r"huge\.png: not a picture that can be read"):
        read_image(huge)
    with sparse.open("wb") as file:
        file.truncate(150_000_000)
    with pytest.raises(SoraError, match=r"sparse\.png: has 150 MB; a style image has at most 100 MB"):
        read_image(sparse)
