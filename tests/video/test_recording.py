from pathlib import Path

import numpy as np
import pytest
from coded_clips import coded_picture, read_index

from sora.errors import SoraError
from sora.video.read import iterate_frames
from sora.video.recording import Recorder, even_size


def full(width: int, height: int) -> tuple[int, int]:
    return width, height


def record_and_fail(path: Path) -> None:
    with Recorder(path) as recorder:
        recorder.write(np.zeros((64, 64, 3), np.uint8), 0)
        raise KeyError


def test_frames_come_back_with_their_times_and_the_file_appears_whole(tmp_path: Path):
    path = tmp_path / "new" / "out.mp4"
    times = [0.0, 0.04, 0.5, 0.5, 0.6]  # one comes at the time of another
    with Recorder(path) as recorder:
        for number, seconds in enumerate(times, 1):
            recorder.write(coded_picture(number), seconds)
        assert not path.exists()
    found = list(iterate_frames(path, full))
    assert [read_index(frame.pixels) for frame in found] == [1, 2, 3, 4, 5]
    assert [frame.time_seconds for frame in found] == pytest.approx([0.0, 0.04, 0.5, 0.501, 0.6])
    assert [other.name for other in path.parent.iterdir()] == ["out.mp4"]


def test_pictures_of_another_size_are_scaled_to_the_first(tmp_path: Path):
    with Recorder(tmp_path / "out.mkv") as recorder:
        recorder.write(coded_picture(1), 0)
        recorder.write(coded_picture(2, 256, 128), 1)
    found = list(iterate_frames(tmp_path / "out.mkv", full))
    assert [frame.pixels.shape for frame in found] == [(64, 128, 3)] * 2
    assert read_index(found[1].pixels) == 2


def test_nothing_appears_after_an_error_or_without_frames(tmp_path: Path):
    with pytest.raises(KeyError):
        record_and_fail(tmp_path / "out.mp4")
    with Recorder(tmp_path / "out.mp4"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_container_is_refused_before_anything_is_read(tmp_path: Path):
    with pytest.raises(SoraError, match=r"out\.gif: a recording must end in \.mp4, \.mkv, \.mov"):
        Recorder(tmp_path / "out.gif")


def test_sizes_become_even():
    assert [even_size(321, 240), even_size(1, 5)] == [(320, 240), (2, 4)]
