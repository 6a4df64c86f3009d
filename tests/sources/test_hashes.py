import hashlib
import json
import os
import time
from pathlib import Path

import pytest

from sora.sources import hashes
from sora.sources.hashes import content_hashes

LONG_AGO = time.time() - 3600


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were read."""
    names: list[str] = []
    real = hashes.content_hash

    def spied(path: Path) -> str:
        names.append(path.name)
        return real(path)

    monkeypatch.setattr(hashes, "content_hash", spied)
    return names


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock by which every file was written long ago."""
    real = time.time_ns
    monkeypatch.setattr(hashes.time, "time_ns", lambda: real() + 3_600_000_000_000)


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.usefixtures("settled")
def test_an_unchanged_file_is_read_once(tmp_path: Path, reads: list[str]):
    files = [write(tmp_path / name, name.encode()) for name in ("a", "b")]
    memory = tmp_path / "hashes.json"
    expected = {file: sha256(file.name.encode()) for file in files}
    assert content_hashes([*files, *files], memory) == expected
    assert sorted(reads) == ["a", "b"]
    before = memory.stat().st_mtime_ns
    assert content_hashes(files, memory) == expected
    assert sorted(reads) == ["a", "b"]
    assert memory.stat().st_mtime_ns == before


@pytest.mark.usefixtures("settled")
def test_every_kind_of_change_is_seen(tmp_path: Path, reads: list[str]):
    file, memory = write(tmp_path / "a", b"one"), tmp_path / "hashes.json"
    content_hashes([file], memory)
    changes = {
        b"longer": lambda: file.write_bytes(b"longer"),
        b"sizes_": lambda: (file.write_bytes(b"sizes_"), os.utime(file, (LONG_AGO, LONG_AGO))),
        b"moved_": lambda: write(tmp_path / "b", b"moved_").replace(file),
    }
    for content, change in changes.items():
        change()
        assert content_hashes([file], memory) == {file: sha256(content)}
    assert reads == ["a"] * 4


def test_what_was_written_just_now_is_not_trusted(tmp_path: Path, reads: list[str]):
    file, memory = write(tmp_path / "a", b"one"), tmp_path / "hashes.json"
    content_hashes([file], memory)
    content_hashes([file], memory)
    assert reads == ["a", "a"]
    assert not memory.exists()


@pytest.mark.usefixtures("settled")
def test_a_file_that_changes_while_it_is_read_is_not_remembered(tmp_path: Path, monkeypatch):
    file, memory = write(tmp_path / "a", b"one"), tmp_path / "hashes.json"
    real = hashes.content_hash

    def changed(path: Path) -> str:
        digest = real(path)
        path.write_bytes(b"two, later")
        return digest

    monkeypatch.setattr(hashes, "content_hash", changed)
    content_hashes([file], memory)
    assert not memory.exists()


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("text", ["", "[]", '{"a": 3}', '{"a": [[1], 2]}', "\x00"])
def test_a_damaged_memory_is_made_anew(tmp_path: Path, text: str):
    file, memory = write(tmp_path / "a", b"one"), tmp_path / "hashes.json"
    memory.write_text(text)
    assert content_hashes([file], memory) == {file: sha256(b"one")}
    assert list(json.loads(memory.read_text())) == [file.as_posix()]


@pytest.mark.usefixtures("settled")
def test_files_that_are_gone_are_forgotten(tmp_path: Path):
    a, b, memory = write(tmp_path / "a", b"1"), write(tmp_path / "b", b"2"), tmp_path / "hashes.json"
    content_hashes([a, b], memory)
    content_hashes([b], memory)
    assert list(json.loads(memory.read_text())) == [b.as_posix()]
