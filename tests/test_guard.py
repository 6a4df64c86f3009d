import functools
import os
import platform
import resource
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from coded_clips import read_index, write_coded
from video_jobs import job, same

from sora.errors import VideoError
from sora.guard import Budget, Guard


@pytest.fixture(scope="module")
def guard() -> Iterator[Guard]:
    with Guard(Budget(seconds=3, memory_gib=1)) as guard:
        yield guard


def places(times: np.ndarray, wanted: tuple[int, ...]) -> tuple[int, ...]:
    return wanted


def native(width: int, height: int) -> tuple[int, int]:
    return width, height


def new_pages() -> int:
    """Make and drop twenty arrays of 3 MiB, twice; return the pages that the second round needed."""
    counts = []
    for _ in range(2):
        arrays = [np.ones(3 * 2**20, np.uint8) for _ in range(20)]
        del arrays
        counts.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
    return counts[1] - counts[0]


def test_frames_come_from_a_child_as_they_would_from_here(guard: Guard, tmp_path: Path):
    path = write_coded(tmp_path / "a.mp4", 30)
    for _ in range(3):
        found = guard.read_frames(path, functools.partial(places, wanted=(29, 3, 3)), native)
        assert [read_index(picture) - 1 for picture in found.pixels] == [29, 3, 3]
        found.pixels[0] = 0  # it is ours
    np.testing.assert_allclose(found.times, [29 / 25, 3 / 25, 3 / 25], atol=1e-6)
    assert (found.num_frames, found.warning) == (30, "")


def test_pixels_that_are_still_held_are_not_written_over(
    guard: Guard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sora.video.shared._MAX_COPIED_BYTES", 0)
    path = write_coded(tmp_path / "a.mp4", 30)
    held = [
        guard.read_frames(path, functools.partial(places, wanted=(number,)), native).pixels[0, :, 1:]
        for number in range(5)
    ]
    for number, pixels in enumerate(held):
        again = guard.read_frames(path, functools.partial(places, wanted=(number,)), native).pixels
        np.testing.assert_array_equal(pixels, again[0, :, 1:])


def test_large_arrays_come_as_they_are_and_are_ours(guard: Guard):
    rng = np.random.default_rng(0)
    sent = {"large": rng.random((700, 500)), "part": rng.random((900, 900))[::2], "small": np.arange(5)}
    sent |= {"bytes": rng.integers(0, 256, (10, 512, 2048), np.uint8), "text": "a"}
    answers = [guard.call(same, sent) for _ in range(3)]
    for answer in answers:
        assert answer.keys() == sent.keys()
        for name, value in sent.items():
            np.testing.assert_array_equal(answer[name], value)
    answers[0]["bytes"][:] = 0
    answers[0]["large"][:] = 0
    np.testing.assert_array_equal(answers[1]["bytes"], sent["bytes"])
    np.testing.assert_array_equal(guard.call(same, sent)["large"], sent["large"])


def test_no_wanted_frame_is_no_error(guard: Guard, tmp_path: Path):
    path = write_coded(tmp_path / "a.mp4", 3)
    assert len(guard.read_frames(path, functools.partial(places, wanted=()), native).pixels) == 0


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told so")
def test_a_child_uses_the_memory_of_arrays_that_are_gone(guard: Guard):
    assert guard.call(new_pages) < 100  # of 15360


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ("bad", "is empty (0 bytes)"),
        ("crash", "crashed the decoder (exit code 3)"),
        ("hang", "took longer than 3 s to read"),
        ("memory", "needs more than 1 GiB of memory"),
    ],
)
def test_what_goes_wrong_is_a_reason_and_the_next_call_works(guard: Guard, item: str, reason: str):
    with pytest.raises(VideoError) as caught:
        guard.call(job, item)
    assert str(caught.value) == reason
    assert guard.call(job, "a") == ("a", "done")


def test_a_fault_of_the_program_is_raised(guard: Guard):
    with pytest.raises(ValueError, match="a fault of the program"):
        guard.call(job, "bug")


def test_children_end_with_a_parent_that_is_killed(tmp_path: Path):
    program = """
        import os, signal, time
        from sora.guard import Guard
        from video_jobs import job, same
        if __name__ == "__main__":
            print(Guard().call(job, "pid"), flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
    """
    script = tmp_path / "program.py"
    script.write_text(textwrap.dedent(program))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(script)]
    killed = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    child = int(killed.stdout)
    deadline = time.monotonic() + 20
    while Path(f"/proc/{child}").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not Path(f"/proc/{child}").exists()
