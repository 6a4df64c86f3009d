import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from coded_clips import write_pictures
from hypothesis import given, settings
from hypothesis import strategies as st

from sora.errors import VideoError
from sora.video.cuts import (
    VERSION,
    Piece,
    Shots,
    Timeline,
    Windows,
    find_cuts,
    pieces,
    shot_cuts,
    window_cuts,
)
from sora.video.read import WHOLE, TimedFrame, Window

SHOTS = Shots(min_seconds=0.5, threshold=27.0)
COLOURS = {"red": (200, 30, 30), "green": (20, 80, 20), "blue": (130, 130, 240), "white": (240, 240, 240)}


def picture(colour: str, number: int) -> np.ndarray:
    """A flat picture over which a small square moves: change within a shot."""
    frame = np.full((64, 96, 3), COLOURS[colour], np.uint8)
    frame[8:16, 2 * number % 80 : 2 * number % 80 + 8] = 128
    return frame


def pictures(*shots: tuple[str, int]) -> list[np.ndarray]:
    return [picture(colour, number) for colour, count in shots for number in range(count)]


def timed(frames: list[np.ndarray], times: list[float]) -> Iterator[TimedFrame]:
    return map(TimedFrame, times, frames)


@pytest.mark.parametrize("rotation", [0, 90])
def test_shots_of_a_real_file_are_cut_midway_between_two_frames(tmp_path: Path, rotation: int):
    shots = pictures(("red", 20), ("green", 30), ("blue", 25))
    path = write_pictures(tmp_path / "a.mp4", shots, fps=25, rotation=rotation)
    assert find_cuts(path, SHOTS) == Timeline(3.0, [0.78, 1.98])


def test_times_count_and_not_frame_numbers():
    frames = pictures(("red", 10), ("green", 10))
    times = [0.04 * i for i in range(10)] + [2.0 + 0.5 * i for i in range(10)]
    assert shot_cuts(timed(frames, times), Shots(0.1, 27.0)) == Timeline(7.0, [1.18])


def test_a_flash_is_no_shot_of_its_own():
    frames = pictures(("red", 25), ("white", 2), ("red", 25), ("blue", 25))
    found = shot_cuts(timed(frames, [i / 25 for i in range(len(frames))]), SHOTS)
    assert len(found.cuts_seconds) == 2
    assert np.diff([0, *found.cuts_seconds, found.duration_seconds]).min() >= SHOTS.min_seconds


def test_one_shot_and_one_frame_need_no_cut():
    assert shot_cuts(timed(pictures(("red", 30)), [i / 25 for i in range(30)]), SHOTS).cuts_seconds == []
    assert shot_cuts(timed(pictures(("red", 1)), [0.0]), SHOTS) == Timeline(0.0, [])


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
def test_windows_need_no_decoding(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch):
    path = write_pictures(tmp_path / f"a.{suffix}", pictures(("red", 65)), "mpeg4", fps=25)
    monkeypatch.setattr("sora.video.cuts.iterate_frames", None)
    assert find_cuts(path, Windows(1.0)) == Timeline(2.6, [1.0, 2.0])


def test_what_cannot_be_read_cannot_be_cut(tmp_path: Path):
    (tmp_path / "a.mp4").write_text("not a video")
    for rule in (SHOTS, Windows(1.0)):
        with pytest.raises(VideoError, match="not a readable video"):
            find_cuts(tmp_path / "a.mp4", rule)


@settings(deadline=None)
@given(st.floats(0, 1e4), st.floats(1, 1e3))
def test_windows_cover_the_video(duration: float, length: float):
    ends = [0.0, *window_cuts(duration, length)]
    assert np.diff(ends) == pytest.approx(length, abs=2e-3)
    assert duration - ends[-1] <= length + 2e-3
    assert ends[-1] == 0 or ends[-1] < duration + 1e-3


@given(st.lists(st.integers(1, 100_000), max_size=20, unique=True), st.floats(0.1, 20))
def test_pieces_follow_each_other_without_a_gap(cuts_ms: list[int], min_seconds: float):
    cuts = [cut / 1000 for cut in sorted(cuts_ms)]
    found = pieces(Timeline(101.0, cuts), min_seconds)
    windows = [piece.window for piece in found]
    assert windows[0].start_seconds == 0
    assert windows[-1].end_seconds == math.inf
    assert [w.end_seconds for w in windows[:-1]] == [w.start_seconds for w in windows[1:]] == cuts
    for piece in found if cuts else []:
        length = min(piece.window.end_seconds, 101.0) - piece.window.start_seconds
        assert (piece.skipped == "") == (length >= min_seconds)


def test_short_pieces_are_left_out_in_words_and_an_uncut_video_stays_whole():
    found = pieces(Timeline(2.3, [1.0, 2.0]), 0.5)
    assert found[-1] == Piece(Window(2.0), "lasts 0.3 s, at least 0.5 expected")
    assert [piece.skipped for piece in found[:-1]] == ["", ""]
    assert pieces(Timeline(0.1, []), 5.0) == [Piece(WHOLE)]
    assert Windows(3.0).min_seconds == 1.5


def test_golden_cuts():
    rng = np.random.default_rng(7)
    scenes = rng.integers(0, 256, (6, 36, 64, 3), np.uint8)
    frames = [np.roll(scenes[i // 17 % 6], i, axis=1) // (1 + i // 17 % 3) for i in range(150)]
    found = shot_cuts(timed(frames, [i / 29.97 for i in range(150)]), Shots(0.4, 70.0))
    assert (VERSION, found, window_cuts(61.5, 7.3)) == (
        1,
        Timeline(5.005, [0.551, 1.685, 2.252, 3.387, 3.954]),
        [7.3, 14.6, 21.9, 29.2, 36.5, 43.8, 51.1, 58.4],
    ), "changed output: raise VERSION and the expectation"
