"""Read the tensors of a PyTorch checkpoint with numpy alone: no torch, and no code named by the file runs.

A checkpoint is a pickle, and an ordinary unpickler calls whatever the file names. The one here knows the few
names that describe tensors, turns them into inert tuples, and refuses every other name.

``torch.save`` has written two containers (torch/serialization.py describes both):

- legacy, before PyTorch 1.6: five pickles (magic number, protocol version, system information, the object,
  the storage keys), then for each key a 64-bit element count and the elements;
- zip: ``<name>/data.pkl``, and ``<name>/data/<key>`` for each storage, uncompressed.
"""

import io
import math
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from sora.errors import SoraError

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_DTYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "|i1",
    "ByteStorage": "|u1",
    "BoolStorage": "|b1",
}
# What pickle, zipfile, struct and numpy raise for malformed bytes, among them NotImplementedError.
_MALFORMED = (
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    struct.error,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
)


class _Storage(NamedTuple):
    key: str
    dtype: str
    num_elements: int


class _Tensor(NamedTuple):
    """A tensor as the file describes it; offset and strides count elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_checkpoint(path: str | Path) -> dict[str, np.ndarray]:
    """Read a ``state_dict``: a flat table of names to tensors, in the order and the dtypes of the file.

    Every array is a copy that owns its memory. No array is larger than its storage in the file, so that a
    small hostile file cannot ask for a large one.

    Raises:
        OSError: the file cannot be read.
        SoraError: it is missing, truncated, too long, not a checkpoint, not a flat table of tensors, or
            names anything but tensors.
    """
    path = Path(path)
    if not path.is_file():
        raise SoraError(f"{path}: no such file; a PyTorch checkpoint (.pth) is expected here")
    # In memory, so that a false length finds the end of the file and not an allocation of that length.
    file = io.BytesIO(path.read_bytes())
    try:
        tensors, storages = _read_zip(file) if zipfile.is_zipfile(file) else _read_legacy(file)
        return {name: _elements(name, tensor, storages) for name, tensor in tensors.items()}
    except _MALFORMED as error:
        raise SoraError(
            f"{path}: expected a PyTorch checkpoint of plain tensors, but {error or type(error).__name__}; "
            "the file is damaged or of another kind: install or download it again"
        ) from error


def _rebuild_tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


def _rebuild_parameter(tensor: Any, *_: Any) -> Any:
    return tensor


# Functions, strings and OrderedDict only: nothing whose state the file could change by a BUILD instruction.
_KNOWN_NAMES: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    **{("torch", name): dtype for name, dtype in _DTYPES.items()},
}


class _TensorUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN_NAMES:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is not part of a tensor")
        return _KNOWN_NAMES[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _device, num_elements, *view = pid
        if kind != "storage" or any(view):
            raise pickle.UnpicklingError(
                f"it refers to a {kind!r} or to part of a storage, not to a whole one"
            )
        return _Storage(str(key), str(np.dtype(dtype).str), int(num_elements))


def _read_legacy(file: IO[bytes]) -> tuple[dict[str, _Tensor], dict[str, np.ndarray]]:
    file.seek(0)
    _expect("magic number", _LEGACY_MAGIC, _TensorUnpickler(file).load())
    _expect("protocol version", _LEGACY_PROTOCOL, _TensorUnpickler(file).load())
    _expect("little_endian", True, _TensorUnpickler(file).load()["little_endian"])
    tensors = _checked_table(_TensorUnpickler(file).load())
    declared = _declared_storages(tensors.values())
    keys = [str(key) for key in _TensorUnpickler(file).load()]
    _expect("keys of the storages", sorted(declared), sorted(keys))
    storages = {key: _read_legacy_storage(file, declared[key]) for key in keys}
    _expect("bytes after the last storage", b"", file.read(1))
    return tensors, storages


def _read_legacy_storage(file: IO[bytes], declared: _Storage) -> np.ndarray:
    (num_elements,) = struct.unpack("<q", file.read(8))
    _expect(f"element count of storage {declared.key}", declared.num_elements, num_elements)
    return _storage_array(declared, file.read(num_elements * np.dtype(declared.dtype).itemsize))


def _read_zip(file: IO[bytes]) -> tuple[dict[str, _Tensor], dict[str, np.ndarray]]:
    with zipfile.ZipFile(file) as archive:
        (pickle_name,) = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        root = pickle_name.removesuffix("data.pkl")
        if f"{root}byteorder" in archive.namelist():
            _expect("byteorder", b"little", _read_member(archive, f"{root}byteorder"))
        tensors = _checked_table(_TensorUnpickler(io.BytesIO(_read_member(archive, pickle_name))).load())
        declared = _declared_storages(tensors.values())
        storages = {
            key: _storage_array(storage, _read_member(archive, f"{root}data/{key}"))
            for key, storage in declared.items()
        }
    return tensors, storages


def _read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    # torch.save never compresses; a compressed member could grow without bound.
    _expect(f"compression of {name}", zipfile.ZIP_STORED, archive.getinfo(name).compress_type)
    return archive.read(name)


def _checked_table(table: Any) -> dict[str, _Tensor]:
    if not isinstance(table, Mapping):
        raise TypeError(f"it holds a {type(table).__name__}, not a table of names to tensors")
    for name, value in table.items():
        if not (isinstance(name, str) and isinstance(value, _Tensor) and isinstance(value.storage, _Storage)):
            raise TypeError(f"its entry {name!r} is a {type(value).__name__}, not a tensor")
    return dict(table)


def _declared_storages(tensors: Iterable[_Tensor]) -> dict[str, _Storage]:
    declared: dict[str, _Storage] = {}
    for tensor in tensors:
        storage = declared.setdefault(tensor.storage.key, tensor.storage)
        _expect(f"declaration of storage {storage.key}", storage, tensor.storage)
    return declared


def _storage_array(declared: _Storage, content: bytes) -> np.ndarray:
    num_bytes = declared.num_elements * np.dtype(declared.dtype).itemsize
    _expect(f"bytes of storage {declared.key}", num_bytes, len(content))
    return np.frombuffer(content, declared.dtype)


def _elements(name: str, tensor: _Tensor, storages: Mapping[str, np.ndarray]) -> np.ndarray:
    storage = storages[tensor.storage.key]
    last = tensor.offset
    for length, stride in zip(tensor.shape, tensor.strides, strict=True):
        if length < 1 or stride < 0:
            raise ValueError(f"tensor {name} has the shape {tensor.shape} and the strides {tensor.strides}")
        last += (length - 1) * stride
    # The second condition refuses a stride of 0, which would blow one element up to any size.
    if not 0 <= tensor.offset <= last < storage.size or math.prod(tensor.shape) > storage.size:
        raise ValueError(f"tensor {name} reaches past its storage of {storage.size} elements")
    byte_strides = [stride * storage.itemsize for stride in tensor.strides]
    return np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, byte_strides).copy()


def _expect(what: str, expected: Any, received: Any) -> None:
    if received != expected:
        raise ValueError(f"the {what} should be {expected!r} and is {received!r}")
