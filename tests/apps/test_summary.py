import cv2
import numpy as np
from analyses import analysis

from sora.apps.summary.highlights import pieces
from sora.apps.summary.keys import key_frames
from sora.apps.summary.storyboard import Tile, storyboard
from sora.video.read import Window

JUMP, WAVE = [0.9, 0.1, 0.0], [0.1, 0.0, 0.9]


def test_each_shot_has_a_key_frame_before_any_has_two():
    given = analysis([JUMP, JUMP, JUMP, WAVE], shots=[0, 0, 0, 1])
    assert [frame.shot for frame in key_frames(given, 2).frames] == [0, 1]
    found = key_frames(given, 3).frames
    assert [frame.shot for frame in found] == [0, 0, 1]
    assert [frame.label for frame in found] == ["Jumping", "Jumping", "WavingHands"]
    assert [frame.seconds for frame in found] == sorted(frame.seconds for frame in found)


def test_more_frames_cover_more_and_all_cover_all():
    given = analysis([JUMP] * 6)
    covered = [key_frames(given, count).coverage for count in (1, 3, 6, 9)]
    assert covered == sorted(covered)
    assert covered[-1] == covered[-2] == 1
    assert len(key_frames(given, 9).frames) == 6


def test_highlights_are_a_third_of_the_video_around_its_key_frames():
    given = analysis([JUMP, WAVE], seconds=6, shots=[0, 1])
    shown = pieces(key_frames(given).frames, 12)
    assert [(round(w.start_seconds, 3), round(w.end_seconds, 3)) for w in shown] == [
        (1.95, 4.05),
        (7.95, 10.05),
    ]
    short = pieces(key_frames(analysis([JUMP, WAVE], seconds=0.5)).frames, 1)
    assert short == [Window(0, 1)]


def test_a_storyboard_shows_all_tiles_and_is_the_same_each_time():
    colours = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (200, 200, 30), (30, 200, 200)]
    tiles = [
        Tile(np.full((60, 80, 3), c, np.uint8), 5.0 * i, "walking 走路" * 9) for i, c in enumerate(colours)
    ]
    drawn = storyboard(tiles, "clip.mp4", "0:25 · 5 shots", [5.0, 10.0], 25.0)
    page = cv2.imdecode(np.frombuffer(drawn, np.uint8), cv2.IMREAD_COLOR_RGB)
    shares = [(np.abs(page.astype(int) - c).max(axis=2) < 3).sum() for c in colours]
    assert shares == [320 * 240] * 5
    assert storyboard(tiles, "clip.mp4", "0:25 · 5 shots", [5.0, 10.0], 25.0) == drawn
