import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import clips, noise, texture, walking_square

from sora.frames import geometry
from sora.frames.geometry import Box, crop, fit_square, motion_box, picture_box, region_box, scaled_size

GOLDEN = (1, "af45a528cb2b12f1")
FITS = ["stretch", "letterbox", "centre_crop"]


@settings(max_examples=25, deadline=None)
@given(clips(), st.sampled_from(FITS), st.integers(8, 40))
def test_every_fit_gives_squares_and_leaves_its_input(frames, fit, size_px):
    before = frames.copy()
    found = fit_square(frames, size_px, fit)
    assert (found.shape, found.dtype) == ((len(frames), size_px, size_px, 3), np.uint8)
    np.testing.assert_array_equal(frames, before)
    np.testing.assert_array_equal(fit_square(frames, size_px, fit), found)
    np.testing.assert_array_equal(fit_square(found, size_px, fit), found)


def test_what_each_fit_shows():
    wide = np.zeros((1, 40, 80, 3), np.uint8)
    wide[:, :, :20], wide[:, :, 20:60], wide[:, :, 60:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    stretched, boxed, cut = (fit_square(wide, 40, fit)[0] for fit in FITS)
    assert [stretched[20, x].argmax() for x in (5, 20, 35)] == [0, 1, 2]
    assert boxed[:10].max() == boxed[30:].max() == 0
    assert [boxed[20, x].argmax() for x in (5, 20, 35)] == [0, 1, 2]
    assert (cut == (0, 255, 0)).all()
    with pytest.raises(ValueError, match="got 'squeeze'"):
        fit_square(wide, 40, "squeeze")


@given(st.integers(1, 4000), st.integers(1, 4000), st.integers(1, 1024))
def test_scaled_sizes_touch_the_square(width: int, height: int, size_px: int):
    assert max(scaled_size(width, height, size_px, inside=True)) == size_px
    assert min(scaled_size(width, height, size_px, inside=False)) == size_px


def test_region_is_in_shares_and_never_empty():
    assert region_box(200, 100, (0, 0, 1, 1)) == Box(0, 0, 200, 100)
    assert region_box(200, 100, (0.25, 0.1, 0.5, 1)) == Box(50, 10, 100, 100)
    assert region_box(3, 3, (0.99, 0, 1, 0.01)) == Box(2, 0, 3, 1)


def barred(bars: tuple[int, int, int, int]) -> np.ndarray:
    left, top, right, bottom = bars
    frames = noise((6, 120, 160, 3), 3) % 12  # a codec's noise in black
    frames[:, top : 120 - bottom, left : 160 - right] = texture(120 - top - bottom, 160 - left - right)
    return frames


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.integers(0, 30)] * 4))
def test_black_bars_are_found_to_the_pixel(bars):
    left, top, right, bottom = bars
    frames = barred(bars)
    box = picture_box(frames, 24)
    assert np.abs(np.subtract(box, (left, top, 160 - right, 120 - bottom))).max() <= 1
    assert crop(frames, box).shape[1:3] == (box.bottom - box.top, box.right - box.left)
    assert picture_box(frames, 0) == Box(0, 0, 160, 120)


def test_a_dark_scene_has_no_bars_and_one_bright_frame_shows_the_picture():
    whole = Box(0, 0, 160, 120)
    assert picture_box(np.zeros((4, 120, 160, 3), np.uint8), 24) == whole
    lamp = np.zeros((4, 120, 160, 3), np.uint8)
    lamp[:, 50:60, 70:80] = 255
    assert picture_box(lamp, 24) == whole
    fading = barred((0, 20, 0, 20)) // np.array([40, 40, 1, 40, 40, 40], np.uint8)[:, None, None, None]
    assert picture_box(fading, 24) == Box(0, 20, 160, 100)


def moving_pairs() -> np.ndarray:
    frames, _ = walking_square(9, size=160, side=30, step=2)
    return np.stack([frames[:-1], frames[1:]], axis=1)


def test_the_window_follows_the_mover_under_a_panning_camera():
    pairs = moving_pairs()  # the square goes from 0..30 to 16..46 across, 80..110 down
    box = motion_box(pairs, 0.5)
    assert (box.right - box.left, box.bottom - box.top) == (80, 80)
    assert box.left == 0
    assert box.top <= 80
    assert box.bottom >= 110
    panned = np.stack([pairs[:, 0], np.roll(pairs[:, 1], 3, axis=2)], axis=1)
    assert np.abs(np.subtract(motion_box(panned, 0.5), box)).max() <= 12


@settings(max_examples=15, deadline=None)
@given(st.integers(16, 60), st.integers(16, 60), st.floats(0.05, 1), st.integers(0, 99))
def test_the_window_has_its_size_and_lies_inside(height: int, width: int, share: float, seed: int):
    pairs = noise((2, 2, height, width, 3), seed)
    before = pairs.copy()
    box = motion_box(pairs, share)
    assert (box.right - box.left, box.bottom - box.top) == (round(share * width), round(share * height))
    assert min(box) >= 0
    assert (box.right <= width, box.bottom <= height) == (True, True)
    np.testing.assert_array_equal(pairs, before)
    assert motion_box(pairs, share) == box


def test_the_window_is_in_the_middle_where_nothing_moves_and_whole_at_one():
    still = np.repeat(texture(100, 120)[None, None], 2, axis=1)
    assert motion_box(still, 0.5) == Box(30, 25, 90, 75)
    assert motion_box(moving_pairs(), 1.0) == Box(0, 0, 160, 160)


def test_golden():
    frames = noise((2, 30, 44, 3), 7)
    squares = np.concatenate([fit_square(frames, 24, fit) for fit in FITS])
    boxes = [*picture_box(barred((9, 5, 0, 11)), 24), *motion_box(moving_pairs(), 0.4)]
    digest = hashlib.sha256(squares.tobytes() + str([int(b) for b in boxes]).encode()).hexdigest()[:16]
    assert (geometry.VERSION, digest) == GOLDEN, "changed output: raise VERSION and the digest"
