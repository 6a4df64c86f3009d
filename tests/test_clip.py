import math
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from clip_specs import clip_spec
from coded_clips import coded_picture, read_index, write_coded, write_pictures
from pictures import texture, walking_square

from sora.clip import read_clean_clip, survey_video, window_of
from sora.errors import VideoError
from sora.frames.geometry import picture_box
from sora.frames.inputs import decoded_size
from sora.frames.selection import drop_reasons
from sora.video.read import WHOLE, Window, read_frames

LOSSLESS = {"codec": "ffv1", "pix_fmt": "bgr0"}


def indices(path: Path, window: Window = WHOLE, **settings) -> list[int]:
    """The index that each frame of the clip shows, from 1."""
    return [read_index(picture) for picture in read_clean_clip(path, clip_spec(**settings), window).pixels]


def test_the_clip_is_made_of_pairs_at_the_centres_of_equal_parts(tmp_path: Path):
    path = write_coded(tmp_path / "a.mp4", 40)
    assert indices(path) == [6, 7, 16, 17, 26, 27, 36, 37]


def test_a_variable_rate_is_sampled_by_time(tmp_path: Path):
    times = [*range(0, 2000, 200), *range(2000, 4000, 40)]  # 10 slow frames, 50 fast ones
    path = write_coded(tmp_path / "a.mkv", 60, times_ms=times)
    assert indices(path)[::2] == [3, 8, 23, 48]


def test_a_part_of_a_video_is_read_alone(tmp_path: Path):
    path = write_coded(tmp_path / "a.mp4", 75)
    assert all(26 <= index <= 50 for index in indices(path, Window(1.0, 2.0)))


def test_windows_come_from_rows_of_the_table():
    assert window_of({"start_seconds": 1.5, "end_seconds": 4.0}) == Window(1.5, 4.0)
    assert window_of({"start_seconds": math.nan, "end_seconds": 4.0}) == Window(0.0, 4.0)
    assert window_of({"path": "a.mp4"}) == WHOLE


def test_a_still_head_and_tail_are_cut(tmp_path: Path):
    moving = [coded_picture(i + 1) for i in range(20)]
    pictures = [moving[0]] * 30 + moving + [moving[-1]] * 30
    path = write_pictures(tmp_path / "a.mkv", pictures, **LOSSLESS)
    assert indices(path)[0] == 1
    assert indices(path)[-1] == 20
    found = indices(path, selection={"static_change": 3.0})
    assert found[::2] == [3, 8, 13, 18]


def test_dark_frames_are_passed_over_once_every_frame_is_looked_at(tmp_path: Path):
    pictures = [coded_picture(i + 1) // (1 if i < 20 else 20) for i in range(60)]
    path = write_pictures(tmp_path / "a.mkv", pictures, **LOSSLESS)
    found = indices(path, selection={"min_brightness": 0.1, "drop_duplicates": True})
    assert found[::2] == [3, 8, 13, 18]


def test_a_video_without_a_usable_frame_is_set_aside_with_counts(tmp_path: Path):
    path = write_pictures(tmp_path / "a.mkv", [coded_picture(i + 1) // 30 for i in range(12)], **LOSSLESS)
    spec = clip_spec(selection={"min_brightness": 0.2, "drop_duplicates": True})
    with pytest.raises(VideoError, match=r"^none of its 12 frames is fit for use \(12 dark\)$"):
        read_clean_clip(path, spec)


def test_blurred_and_fast_frames_are_found_in_a_file(tmp_path: Path):
    wide = texture(120, 900)
    places = [0, 1, 2, 3, 4, 5, 45, 85, 86, 87, 88, 89]  # a whip pan at 6 and 7
    pictures = [np.ascontiguousarray(wide[:, x : x + 160]) for x in places]
    pictures[3] = cv2.GaussianBlur(pictures[3], (15, 15), 0)
    path = write_pictures(tmp_path / "a.mkv", pictures, **LOSSLESS)
    spec = clip_spec(selection={"min_relative_sharpness": 0.5, "max_speed": 2.0})
    reasons = drop_reasons(survey_video(path, spec), spec.selection)
    assert np.flatnonzero(reasons == "blurred").tolist() == [3]
    assert np.flatnonzero(reasons == "too fast").tolist() == [6, 7]


def test_black_bars_go_to_within_two_pixels(tmp_path: Path):
    pictures = []
    for number in range(16):
        picture = np.zeros((240, 320, 3), np.uint8)
        picture[31:209, 18:302] = np.roll(texture(178, 284), number, axis=1)
        pictures.append(picture)
    path = write_pictures(tmp_path / "a.mp4", pictures, options={"crf": "30"})
    spec = clip_spec(image_size_px=160, crop={"black_bar_level": 24})
    decoded = read_frames(path, lambda times: range(16), partial(decoded_size, spec=spec)).pixels
    assert decoded.shape == (16, 240, 320, 3)
    assert np.abs(np.subtract(picture_box(decoded, 24), (18, 31, 302, 209))).max() <= 2
    found = read_clean_clip(path, spec).pixels
    assert min(found[:, 2].mean(), found[:, -3].mean(), found[:, :, 2].mean(), found[:, :, -3].mean()) > 60


def test_the_mover_stays_and_the_ground_is_painted(tmp_path: Path):
    frames, mover = walking_square(16)
    path = write_pictures(tmp_path / "a.mkv", list(frames), **LOSSLESS)
    spec = clip_spec(num_segments=8, image_size_px=96, background={"remove": True, "fill_level": 200})
    found = read_clean_clip(path, spec).pixels
    chosen = [index for start in range(1, 16, 2) for index in (start, min(start + 1, 15))]
    painted = (found == 200).all(axis=-1)
    assert painted[~mover[chosen]].mean() > 0.97
    assert painted[mover[chosen]].mean() < 0.1
