import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora.serving.intake.scratch import Scratch, plain_suffix
from sora.serving.overload import FullError

HOLD = """
import sys
from pathlib import Path
from sora.serving.intake.scratch import Scratch
scratch = Scratch(Path(sys.argv[1]), 100)
with scratch.file("clip.mp4") as temporary:
    temporary.write(b"abc")
    print(temporary.path, flush=True)
    sys.stdin.read()
"""


def start_worker(root: Path) -> tuple[subprocess.Popen, Path]:
    worker = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    return worker, Path(worker.stdout.readline().strip())


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and path.name != ".lock"]


def test_a_file_is_whole_after_each_write_and_then_gone(tmp_path):
    scratch = Scratch(tmp_path / "new" / "root", 100)
    with scratch.file("Holiday.MP4") as temporary:
        assert temporary.path.suffix == ".mp4"
        assert temporary.path.read_bytes() == b""
        temporary.write(b"abc")
        temporary.write(b"de")
        assert temporary.path.read_bytes() == b"abcde"
    assert files(tmp_path) == []


def test_an_error_or_a_move_leaves_nothing_either(tmp_path):
    scratch = Scratch(tmp_path / "root", 5)
    with pytest.raises(FullError), scratch.file() as temporary:
        temporary.write(b"abcdef")
    with scratch.file() as temporary:
        temporary.write(b"abcde")
        temporary.path.rename(tmp_path / "moved")
    assert files(tmp_path) == [tmp_path / "moved"]
    with scratch.file() as temporary:
        temporary.write(b"abcde")  # there is room again


def test_the_sum_of_all_files_is_bounded(tmp_path):
    scratch = Scratch(tmp_path, 10)
    with scratch.file() as one, scratch.file() as other:
        one.write(b"123456")
        other.write(b"7890")
        with pytest.raises(FullError, match=r"more than 10 bytes of uploads") as raised:
            other.write(b"x")
        assert raised.value.retry_after_seconds > 0
        assert other.path.read_bytes() == b"7890"


def test_a_full_disk_is_no_crash(tmp_path, monkeypatch):
    scratch = Scratch(tmp_path, 10)
    with scratch.file() as temporary:

        def no_room(data: bytes) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(temporary._file, "write", no_room, raising=False)
        with pytest.raises(FullError, match="disk of the server is full"):
            temporary.write(b"x")


def test_a_starting_worker_removes_what_the_dead_have_left_and_nothing_of_the_living(tmp_path):
    killed, left = start_worker(tmp_path)
    living, held = start_worker(tmp_path)
    assert left.exists()
    killed.kill()
    killed.wait()
    scratch = Scratch(tmp_path, 100)
    assert not left.parent.exists()
    assert held.read_bytes() == b"abc"
    living.stdin.close()
    living.wait()
    assert not held.exists()
    scratch.close()
    Scratch(tmp_path, 100).close()
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_closing_removes_the_folder(tmp_path):
    scratch = Scratch(tmp_path, 100)
    (scratch.folder / "preview.mp4").write_bytes(b"x")
    scratch.close()
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("a.MKV", ".mkv"),
        ("../../a.b.avi", ".avi"),
        ("mp4", ""),
        (".mp4", ""),
        ("a.mp4\0", ""),
        ("a.mp4/..", ""),
        ("a.<script>", ""),
        ("a.verylongsuffix", ""),
    ],
)
def test_only_an_ordinary_suffix_is_taken_of_a_name(name, suffix):
    assert plain_suffix(name) == suffix


@given(st.text())
def test_no_name_leads_elsewhere(name):
    assert Path("folder", f"x{plain_suffix(name)}").parent == Path("folder")
