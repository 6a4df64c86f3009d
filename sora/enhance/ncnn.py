"""Reading networks in ncnn's format, a text of layers and a file of weights; no code of theirs runs.

Format: https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure. Only a chain of convolutions is
read, which may end in a transposed one.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sora.errors import SoraError

_MAGIC = "7767517"
_FLOAT32, _FLOAT16 = 0, 0x01306B47  # what stands before the weights of a layer
_LEAKY = 2
_OUTPUTS, _KERNEL, _STRIDE, _PADDING, _HAS_BIAS, _NUM_WEIGHTS, _ACTIVATION = "0", "1", "3", "4", "5", "6", "9"
_SLOPE = "-23310"  # an array: its length, then the numbers
_KNOWN = {_OUTPUTS, _KERNEL, _STRIDE, _PADDING, _HAS_BIAS, _NUM_WEIGHTS, _ACTIVATION, _SLOPE}
_MAX_CHANNELS, _MAX_KERNEL = 4096, 16


@dataclass(frozen=True)
class Layer:
    """A convolution without padding.

    Attributes:
        weights: float32 (outputs, inputs, K, K).
        bias: float32 (outputs,).
        is_transposed: whether it enlarges by ``stride``; ``crop`` is then taken off on all sides.
        stride, crop: in pixels.
        slope: of the leaky ReLU after it, below 0; 1 for none.
    """

    weights: np.ndarray
    bias: np.ndarray
    is_transposed: bool
    stride: int
    crop: int
    slope: float


def read_ncnn(param: Path, weights: Path) -> list[Layer]:
    """Return the layers of a network, in order.

    Raises:
        SoraError: the files are damaged, or hold another kind of network.
    """
    try:
        lines = [line.split() for line in param.read_text(encoding="ascii").splitlines() if line.strip()]
        data = weights.read_bytes()
        return _layers(lines, data)
    except (ValueError, IndexError, KeyError, UnicodeError, OSError) as error:
        raise SoraError(
            f"{param}: expected an ncnn network of plain convolutions ({error}); install its package anew"
        ) from error


def _layers(lines: list[list[str]], data: bytes) -> list[Layer]:
    (magic,), (num_layers, num_blobs), given, *rows = lines
    _expect(magic == _MAGIC, f"it begins with {magic}")
    _expect(int(num_layers) == int(num_blobs) == len(rows) + 1, f"{len(rows) + 1} of {num_layers} layers")
    _expect(given[0] == "Input", f"its first layer is {given[0]}")
    blob, place = given[4], 0
    channels = int(dict(word.split("=") for word in given[5:])["2"])
    layers = []
    for kind, _, num_inputs, num_outputs, source, result, *words in rows:
        _expect((num_inputs, num_outputs, source) == ("1", "1", blob), f"{kind} is not the next of a chain")
        layer, place = _layer(kind, dict(word.split("=") for word in words), channels, data, place)
        layers.append(layer)
        channels, blob = len(layer.bias), result
    _expect(place == len(data), f"{len(data)} bytes of weights, {place} expected")
    return layers


def _layer(kind: str, words: dict[str, str], num_inputs: int, data: bytes, place: int) -> tuple[Layer, int]:
    _expect(kind in ("Convolution", "Deconvolution"), f"a layer {kind}")
    _expect(not words.keys() - _KNOWN, f"unknown settings {sorted(words.keys() - _KNOWN)}")
    is_transposed = kind == "Deconvolution"
    outputs, kernel = int(words[_OUTPUTS]), int(words[_KERNEL])
    stride, crop = int(words.get(_STRIDE, "1")), int(words.get(_PADDING, "0"))
    _expect(0 < outputs <= _MAX_CHANNELS and 0 < kernel <= _MAX_KERNEL, f"{outputs} outputs of {kernel} px")
    _expect(words[_HAS_BIAS] == "1", "a layer without bias")
    _expect(is_transposed or (stride, crop) == (1, 0), "a convolution with stride or padding")
    shape = outputs, num_inputs, kernel, kernel
    size = outputs * num_inputs * kernel * kernel
    _expect(int(words[_NUM_WEIGHTS]) == size, f"{words[_NUM_WEIGHTS]} weights, {size} expected")
    weights, place = _weights(data, place, size)
    _expect(place + 4 * outputs <= len(data), "the weights end too early")
    bias = np.frombuffer(data, "<f4", outputs, place)
    _expect(bool(np.isfinite(weights).all() and np.isfinite(bias).all()), "weights that are no numbers")
    return Layer(
        weights.reshape(shape), bias, is_transposed, stride, crop, _slope(words)
    ), place + 4 * outputs


def _weights(data: bytes, place: int, size: int) -> tuple[np.ndarray, int]:
    """Return float32 weights and the place after them, which is a multiple of four bytes."""
    flag = int.from_bytes(data[place : place + 4], "little")
    _expect(flag in (_FLOAT32, _FLOAT16), f"weights of an unknown kind, {flag:#x}")
    kind = np.dtype("<f4" if flag == _FLOAT32 else "<f2")
    end = place + 4 + size * kind.itemsize
    _expect(end <= len(data), "the weights end too early")
    return np.frombuffer(data, kind, size, place + 4).astype(np.float32), end + -end % 4


def _slope(words: dict[str, str]) -> float:
    if words.get(_ACTIVATION, "0") == "0":
        return 1.0
    _expect(words[_ACTIVATION] == str(_LEAKY), f"an activation {words[_ACTIVATION]}")
    length, slope = words[_SLOPE].split(",")
    _expect(length == "1", "an activation of several numbers")
    return float(slope)


def _expect(holds: bool, found: str) -> None:
    if not holds:
        raise ValueError(found)
