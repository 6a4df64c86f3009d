from importlib import metadata
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from sora.enhance.enlarging import enlarge
from sora.enhance.ncnn import read_ncnn
from sora.enhance.network import Enlarger, load_enlarger, network_files
from sora.errors import SoraError

CHANNELS = (3, 4, 5, 6, 4, 5, 8)  # six convolutions, which eat 7 px with the last, as the real ones do
HALF, WHOLE = 0x01306B47, 0


def tiny_network(folder: Path, seed: int = 0) -> tuple[Path, Path, list[np.ndarray]]:
    """Write a network like the real one; the first weights are float32 and the others float16."""
    random = np.random.default_rng(seed)
    lines = ["7767517", "8 8", "Input input 0 1 b0 0=8 1=8 2=3"]
    data, arrays = b"", []
    shapes = [(out, given, 3, 3) for given, out in pairwise(CHANNELS)] + [(3, 8, 4, 4)]
    for number, shape in enumerate(shapes):
        dtype, flag = (np.float32, WHOLE) if number == 0 else (np.float16, HALF)
        weights = random.normal(0, 0.3 / np.sqrt(shape[1]), shape).astype(dtype)
        bias = random.normal(0, 0.1, shape[0]).astype(np.float32)
        data += flag.to_bytes(4, "little") + weights.tobytes()
        data += b"\0" * (-len(data) % 4) + bias.tobytes()
        arrays += [weights.astype(np.float32), bias]
        last = number == len(shapes) - 1
        kind, rest = ("Deconvolution", "3=2 4=3") if last else ("Convolution", "9=2 -23310=1,0.100000")
        sizes = f"0={shape[0]} 1={shape[2]} 5=1 6={weights.size}"
        lines.append(f"{kind} l{number} 1 1 b{number} b{number + 1} {sizes} {rest}")
    param, weights_file = folder / "net.param", folder / "net.bin"
    param.write_text("\n".join(lines) + "\n")
    weights_file.write_bytes(data)
    return param, weights_file, arrays


def by_hand(pixels: np.ndarray, arrays: list[np.ndarray]) -> np.ndarray:
    """What the layers mean, written as plainly as possible."""
    maps = pixels.transpose(2, 0, 1) / 255.0
    for weights, bias in zip(arrays[:-2:2], arrays[1:-2:2], strict=True):
        windows = np.lib.stride_tricks.sliding_window_view(maps, (3, 3), axis=(1, 2))
        maps = np.einsum("ihwkl,oikl->ohw", windows, weights) + bias[:, None, None]
        maps = np.where(maps < 0, 0.1 * maps, maps)
    weights, bias = arrays[-2:]
    _, height, width = maps.shape
    result = np.zeros((3, 2 * height + 2, 2 * width + 2))
    for y in range(height):
        for x in range(width):
            result[:, 2 * y : 2 * y + 4, 2 * x : 2 * x + 4] += np.einsum(
                "i,oikl->okl", maps[:, y, x], weights
            )
    result = result[:, 3:-3, 3:-3] + bias[:, None, None]
    return np.rint(np.clip(result * 255, 0, 255)).transpose(1, 2, 0)


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


def test_the_network_computes_what_its_layers_mean(tmp_path):
    param, weights, arrays = tiny_network(tmp_path)
    given = picture(21, 25)
    made = Enlarger(read_ncnn(param, weights))(given)
    assert made.shape == (14, 22, 3)
    assert np.abs(made - by_hand(given, arrays)).max() <= 1


def test_tiles_equal_the_whole_and_twice_is_four_times(tmp_path):
    network = Enlarger(read_ncnn(*tiny_network(tmp_path)[:2]))
    given = picture(37, 51)
    whole = enlarge(given, network, 2, tile_px=1000)
    assert whole.shape == (74, 102, 3)
    np.testing.assert_array_equal(enlarge(given, network, 2, tile_px=16), whole)
    np.testing.assert_array_equal(enlarge(given, network, 4), enlarge(whole, network, 2))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("7767517", "7767518"),
        ("8 8", "9 9"),
        ("Convolution l3", "Pooling l3"),
        ("0=5 1=3", "0=6 1=3"),
        ("5=1", "5=0"),
        ("9=2", "9=3"),
        ("b2 b3", "b1 b3"),
        ("1=3 ", "1=99999999 "),
        ("4=3", "4=3 77=1"),
        ("1,0.1", "2,0.1"),
        ("2=3", ""),
    ],
)
def test_a_damaged_description_is_refused(tmp_path, before, after):
    param, weights, _ = tiny_network(tmp_path)
    assert before in param.read_text()
    param.write_text(param.read_text().replace(before, after, 1))
    with pytest.raises(SoraError, match="expected an ncnn network"):
        read_ncnn(param, weights)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: data[:100],
        lambda data: b"",
        lambda data: b"\x01" + data[1:],
        lambda data: data[:4] + b"\xff" * 4 + data[8:],
    ],
)
def test_damaged_weights_are_refused(tmp_path, damage):
    param, weights, _ = tiny_network(tmp_path)
    weights.write_bytes(damage(weights.read_bytes()))
    with pytest.raises(SoraError, match="expected an ncnn network"):
        read_ncnn(param, weights)


def test_the_real_network_enlarges_better_than_lanczos():
    drawn = np.full((96, 128, 3), 190, np.uint8)
    for number in range(6):
        centre = (20 * number + 12, 60 - 5 * number)
        cv2.circle(drawn, centre, 18, (40 * number, 200 - 30 * number, 90), 2, cv2.LINE_AA)
        cv2.line(drawn, (0, 90 - 15 * number), (127, 20 + 11 * number), (30, 60, 20 * number), 1, cv2.LINE_AA)
    small = cv2.resize(drawn, (64, 48), interpolation=cv2.INTER_AREA)
    made = enlarge(small, load_enlarger(), 2)
    lanczos = cv2.resize(small, (128, 96), interpolation=cv2.INTER_LANCZOS4)
    assert cv2.PSNR(made, drawn) > cv2.PSNR(lanczos, drawn) + 1


def test_what_to_install_is_told(monkeypatch):
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "files", missing)
    with pytest.raises(SoraError, match=r"pip install 'sora-video\[enhance\]'"):
        network_files()
