import numpy as np
import pytest
from hashed_scenes import copied, hashed, moving_scene
from hypothesis import given
from hypothesis import strategies as st

from sora.quality.alignment import align
from sora.video.fingerprint import Fingerprint, fingerprint


@given(st.integers(0, 30), st.booleans(), st.integers(0, 10))
def test_a_copy_is_found_where_it_is(place: int, is_mirrored: bool, skip: int):
    original = moving_scene(place, 0)
    found = align(
        hashed(original), hashed(copied(original, mirrored=is_mirrored, skip=skip)), is_mirrored=is_mirrored
    )
    assert found is not None
    assert found.shift_seconds == -0.25 * skip  # the footage comes earlier in the copy
    assert found.picture_bits < 4


def test_both_ways_round_are_the_same_match():
    one, other = hashed(moving_scene(1, 0)), hashed(copied(moving_scene(1, 0), skip=5))
    there, back = align(one, other), align(other, one)
    assert there is not None
    assert back == (there.picture_bits, there.motion_bits, -there.shift_seconds)


def test_another_take_of_the_scene_and_another_scene_do_not_match():
    take = hashed(moving_scene(1, 0))
    assert align(take, hashed(moving_scene(1, 1))) is None
    assert align(take, hashed(moving_scene(2, 0))) is None
    assert align(take, hashed(copied(moving_scene(1, 0), mirrored=True))) is None


def test_steps_that_differ_are_brought_together():
    fine = moving_scene(3, 0, 32)
    coarse = fingerprint(copied(fine[::2]), 0.5)
    found = align(hashed(fine), coarse)
    assert found is not None
    assert found.shift_seconds == 0


def test_still_videos_go_by_their_picture():
    still = np.repeat(moving_scene(4, 0, 1), 12, axis=0)
    found = align(hashed(still), hashed(copied(still, noise=0.2)))
    assert found is not None
    assert found.motion_bits == 0
    assert align(hashed(still), hashed(np.repeat(moving_scene(4, 1, 1), 12, axis=0))) is None


@pytest.mark.parametrize("pictures", [np.full((20, 32, 32), 2.0), moving_scene(5, 0, 3)])
def test_flat_and_very_short_videos_say_nothing(pictures: np.ndarray):
    assert align(hashed(pictures), hashed(pictures)) is None


def test_less_than_half_in_common_is_not_enough():
    long = moving_scene(6, 0, 24)
    assert align(hashed(long[:14]), hashed(long[10:])) is None
    assert align(hashed(long[:14]), hashed(long[5:])) is not None


def test_no_moments_no_match():
    empty = np.zeros(0, np.uint64)
    assert align(Fingerprint(1 / 32, empty, empty), hashed(moving_scene(0, 0))) is None
