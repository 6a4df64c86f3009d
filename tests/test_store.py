import threading
from pathlib import Path

import pytest

from sora import store as store_module
from sora.errors import SoraError
from sora.store import VideoStore, result_key


def test_the_key_depends_on_each_part_and_not_on_order():
    base = result_key("aa", {"x": 1, "y": [1, 2]}, {"read": 1, "write": 1})
    others = [
        result_key("ab", {"x": 1, "y": [1, 2]}, {"read": 1, "write": 1}),
        result_key("aa", {"x": 2, "y": [1, 2]}, {"read": 1, "write": 1}),
        result_key("aa", {"x": 1, "y": [2, 1]}, {"read": 1, "write": 1}),
        result_key("aa", {"x": 1, "y": [1, 2]}, {"read": 2, "write": 1}),
        result_key("aa", {"x": 1, "y": [1, 2]}, {"read": 1, "write": 1, "other": 1}),
    ]
    assert len({base, *others}) == 6
    assert base == result_key("aa", {"y": [1, 2], "x": 1}, {"write": 1, "read": 1})
    assert len(base) == 32


def test_missing_and_prune(tmp_path: Path):
    store = VideoStore(tmp_path / "clips", ".mkv")
    with store.writing():
        for name in ("a.mkv", "b.mkv", "a.npz", ".tmp-x.mkv"):
            (store.folder / name).touch()
        assert store.path("a") == tmp_path / "clips" / "a.mkv"
        assert store.missing(["z", "a", "c", "z"]) == ["z", "c"]
        store.prune(["a", "c"])
    assert [path.name for path in store.folder.iterdir()] == ["a.mkv"]


def test_a_second_writer_waits(tmp_path: Path):
    store, happened = VideoStore(tmp_path / "clips", ".mkv"), []
    started = threading.Event()

    def second() -> None:
        started.set()
        with VideoStore(tmp_path / "clips", ".mkv").writing():
            happened.append("second")

    thread = threading.Thread(target=second)
    with store.writing():
        thread.start()
        started.wait(5)
        thread.join(0.3)
        happened.append("first")
    thread.join(5)
    assert happened == ["first", "second"]


def test_a_writer_that_never_ends_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(store_module, "_LOCK_SECONDS", 0.05)
    store = VideoStore(tmp_path / "clips", ".mkv")
    with store.writing(), pytest.raises(SoraError, match="another run has been writing"), store.writing():
        pass
