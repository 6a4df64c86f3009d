import io
import os
import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict
from typing import NamedTuple

import numpy as np
import pytest

from sora.errors import SoraError
from sora.networks.torch_checkpoint import read_checkpoint

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


class Storage(NamedTuple):
    kind: str
    key: str
    values: np.ndarray


class Tensor(NamedTuple):
    storage: Storage
    offset: int
    shape: tuple
    strides: tuple

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, (*self, False, OrderedDict())


class TensorPickler(pickle.Pickler):
    def persistent_id(self, value):
        if not isinstance(value, Storage):
            return None
        kind = getattr(sys.modules["torch"], value.kind)
        return ("storage", kind, value.key, "cpu", len(value.values), None)


class OnLoad:
    """What an attacker pickles: unpickling it makes a folder."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.fixture(autouse=True)
def torch_names(monkeypatch):
    """The names that a checkpoint refers to, without torch."""
    torch, functions = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for kind in ("FloatStorage", "LongStorage"):
        setattr(torch, kind, type(kind, (), {"__module__": "torch"}))

    def rebuild(*_):
        raise AssertionError("only its name is used")

    rebuild.__module__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    functions._rebuild_tensor_v2 = rebuild
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", functions)


def pickled(value):
    buffer = io.BytesIO()
    TensorPickler(buffer, protocol=2).dump(value)
    return buffer.getvalue()


def legacy(table, storages):
    parts = [MAGIC, PROTOCOL, {"little_endian": True}, table, [storage.key for storage in storages]]
    counted = [struct.pack("<q", len(s.values)) + s.values.tobytes() for s in storages]
    return b"".join([*map(pickled, parts), *counted])


def zipped(table, storages, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        archive.writestr("net/data.pkl", pickled(table))
        for storage in storages:
            archive.writestr(f"net/data/{storage.key}", storage.values.tobytes())
    return buffer.getvalue()


FLOATS = Storage("FloatStorage", "7", np.arange(6, dtype="<f4"))
LONGS = Storage("LongStorage", "8", np.array([41], "<i8"))
TABLE = OrderedDict(
    rows=Tensor(FLOATS, 0, (2, 3), (3, 1)),
    columns=Tensor(FLOATS, 0, (3, 2), (1, 3)),
    tail=Tensor(FLOATS, 4, (2,), (1,)),
    counter=Tensor(LONGS, 0, (), ()),
)


@pytest.mark.parametrize("container", [legacy, zipped])
def test_reads_values_strides_offsets_and_scalars(tmp_path, container):
    path = tmp_path / "net.pth"
    path.write_bytes(container(TABLE, [FLOATS, LONGS]))
    arrays = read_checkpoint(path)
    assert list(arrays) == ["rows", "columns", "tail", "counter"]
    assert arrays["rows"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert arrays["columns"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert arrays["tail"].tolist() == [4, 5]
    assert arrays["counter"].dtype == np.int64
    assert arrays["counter"] == 41
    arrays["tail"][0] = 9  # a copy of its own
    assert arrays["rows"][1, 1] == 4


@pytest.mark.parametrize("container", [legacy, zipped])
def test_a_pickle_that_runs_code_is_refused_and_does_not_run(tmp_path, container):
    path, folder = tmp_path / "net.pth", tmp_path / "made"
    path.write_bytes(container(OrderedDict(weight=OnLoad(folder)), []))
    with pytest.raises(SoraError, match=r"net\.pth: .* names (posix|nt)\.mkdir"):
        read_checkpoint(path)
    assert not folder.exists()


@pytest.mark.parametrize("container", [legacy, zipped])
def test_every_truncation_is_refused(tmp_path, container):
    path, content = tmp_path / "net.pth", container(TABLE, [FLOATS, LONGS])
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(SoraError, match="install or download it again"):
            read_checkpoint(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda: legacy(TABLE, [FLOATS, LONGS]) + b"x", "after the last storage"),
        (lambda: legacy({"huge": Tensor(FLOATS, 0, (10**12,), (0,))}, [FLOATS]), "reaches past its storage"),
        (lambda: legacy({"far": Tensor(FLOATS, 5, (2,), (1,))}, [FLOATS]), "reaches past its storage of 6"),
        (lambda: legacy({"back": Tensor(FLOATS, -1, (2,), (1,))}, [FLOATS]), "reaches past"),
        (
            lambda: legacy({"state_dict": TABLE}, [FLOATS, LONGS]),
            "'state_dict' is a OrderedDict, not a tensor",
        ),
        (lambda: legacy([1, 2], []), "holds a list"),
        (lambda: legacy({"rows": TABLE["rows"]}, [FLOATS, LONGS]), "keys of the storages"),
        (lambda: zipped(TABLE, [FLOATS, LONGS], zipfile.ZIP_DEFLATED), "compression of net/data.pkl"),
        (
            lambda: zipped(TABLE, [FLOATS, LONGS._replace(values=LONGS.values.repeat(2))]),
            "storage 8 should be 8",
        ),
        (lambda: b"not a checkpoint", "expected a PyTorch checkpoint"),
    ],
)
def test_faulty_files_are_refused_with_the_fault(tmp_path, content, message):
    path = tmp_path / "net.pth"
    path.write_bytes(content())
    with pytest.raises(SoraError, match=message) as caught:
        read_checkpoint(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SoraError, match=r"absent\.pth: no such file"):
        read_checkpoint(tmp_path / "absent.pth")
