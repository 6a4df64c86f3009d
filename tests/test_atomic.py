import json
from pathlib import Path

import pytest

from sora import atomic


def write_half(path: Path, error: type[BaseException]) -> None:
    with atomic.replacing(path) as temporary:
        temporary.write_text("half")
        raise error


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_failure_leaves_the_old_content_and_nothing_else(tmp_path: Path, error: type[BaseException]):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(error):
        write_half(path, error)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def replace_folder(folder: Path, content: str, error: type[BaseException] | None = None) -> None:
    with atomic.replacing_folder(folder) as built:
        (built / "a.txt").write_text(content)
        if error:
            raise error


def test_a_folder_is_replaced_whole_or_stays(tmp_path: Path):
    folder = tmp_path / "deep" / "folder"
    replace_folder(folder, "first")
    (folder / "b.txt").touch()
    with pytest.raises(KeyboardInterrupt):
        replace_folder(folder, "half", KeyboardInterrupt)
    assert {path.name for path in folder.iterdir()} == {"a.txt", "b.txt"}
    replace_folder(folder, "second")
    assert [path.read_text() for path in folder.iterdir()] == ["second"]
    assert list(folder.parent.iterdir()) == [folder]
    assert folder.stat().st_mode == folder.parent.stat().st_mode


def test_a_folder_that_cannot_take_its_place_leaves_the_old_one(tmp_path: Path, monkeypatch):
    folder, rename = tmp_path / "folder", Path.rename
    replace_folder(folder, "old")

    def full(path: Path, target: Path) -> Path:
        if path.name == "new":
            raise OSError("no space left")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(OSError, match="no space left"):
        replace_folder(folder, "new")
    assert (folder / "a.txt").read_text() == "old"


def test_nothing_is_seen_before_the_end(tmp_path: Path):
    path = tmp_path / "deep" / "a.csv"
    with atomic.replacing(path) as temporary:
        assert (temporary.parent, temporary.suffix) == (path.parent, ".csv")
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert [p.name for p in path.parent.iterdir()] == ["a.csv"]


def test_the_mode_is_that_of_an_ordinary_new_file(tmp_path: Path):
    (tmp_path / "plain").touch()
    atomic.write_bytes(tmp_path / "a", b"\0\r\n")
    assert (tmp_path / "a").read_bytes() == b"\0\r\n"
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_json_is_exact_and_nan_refused(tmp_path: Path):
    path = tmp_path / "a.json"
    atomic.write_json(path, {"name": "Füße", "x": [1, 0.5]})
    assert path.read_bytes().endswith(b"}\n")
    assert "Füße" in path.read_text(encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8")) == {"name": "Füße", "x": [1, 0.5]}
    with pytest.raises(ValueError, match="Out of range float"):
        atomic.write_json(path, {"x": float("nan")})
    assert json.loads(path.read_text(encoding="utf-8"))["x"] == [1, 0.5]
