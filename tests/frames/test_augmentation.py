import hashlib
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import noise, texture

from sora.frames import augmentation
from sora.frames.augmentation import AugmentSpec, Changes, apply_changes, augment, draw_changes, moments_shown

GOLDEN = (1, "09d4c1eebac29058")
NOTHING = AugmentSpec(0, False, [], 0, 0, 0, 0, 0, 0, 0, 0, 0)
ALL = AugmentSpec(20, True, ["left"], 0.3, 0.2, 0.2, 0.3, 0.4, 20, 0.05, 0.2, 0.3)
NAMES = [field.name for field in fields(AugmentSpec) if field.name != "no_flip_labels"]
CLIP = noise((4, 2, 24, 24, 3), 0)


def still_clip(num_segments: int = 4) -> np.ndarray:
    return np.broadcast_to(texture(64, 64)[None, None], (num_segments, 2, 64, 64, 3)).copy()


def only(name: str) -> AugmentSpec:
    return replace(NOTHING, **{name: getattr(ALL, name)})


def view(
    clip: np.ndarray, spec: AugmentSpec, number: int = 1, *, seed: int = 0, key: str = "k"
) -> np.ndarray:
    return augment(clip, spec, may_flip=spec.may_flip("any"), seed=seed, key=key, view=number)


def changed(clip: np.ndarray, **changes) -> np.ndarray:
    return apply_changes(clip, Changes(**changes), np.random.default_rng(0))


specs = st.sampled_from([*map(only, NAMES), ALL, NOTHING])
shapes = st.tuples(st.integers(1, 6), st.integers(1, 3), st.integers(8, 24), st.integers(8, 24), st.just(3))
clips = st.builds(noise, shapes, st.integers(0, 99))


@settings(max_examples=60, deadline=None)
@given(clips, specs, st.integers(0, 50), st.integers(0, 2**31), st.text(max_size=8))
def test_shape_type_inputs_and_repetition(clip, spec, number, seed, key):
    before = clip.copy()
    found = view(clip, spec, number, seed=seed, key=key)
    assert (found.shape, found.dtype) == (clip.shape, np.uint8)
    np.testing.assert_array_equal(clip, before)
    np.testing.assert_array_equal(view(clip, spec, number, seed=seed, key=key), found)


@settings(deadline=None)
@given(clips, st.integers(0, 50))
def test_zero_strength_and_view_zero_change_nothing(clip, number):
    np.testing.assert_array_equal(view(clip, NOTHING, number), clip)
    np.testing.assert_array_equal(view(clip, ALL, 0), clip)


@pytest.mark.parametrize("name", NAMES)
def test_each_option_alone_does_something(name: str):
    clip = noise((12, 1, 16, 16, 3), 0)
    assert any((view(clip, only(name), number) != clip).any() for number in range(1, 9))


@pytest.mark.parametrize("change", [{"seed": 1}, {"key": "other"}, {"number": 2}])
def test_seed_key_and_view_each_draw_anew(change):
    assert (view(CLIP, ALL, **{"number": 1, **change}) != view(CLIP, ALL, 1)).any()


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("noise", "time_shift", "speed")])
def test_every_frame_of_a_clip_is_changed_alike(name: str):
    found = view(still_clip(), only(name), 3)
    np.testing.assert_array_equal(found, np.broadcast_to(found[:1, :1], found.shape))


def test_an_option_does_not_move_the_draws_of_the_others():
    all_drawn = draw_changes(ALL, np.random.default_rng(5), may_flip=True)
    alone = draw_changes(only("hue_degrees"), np.random.default_rng(5), may_flip=False)
    assert alone == Changes(
        hue_degrees=all_drawn.hue_degrees,
        window_left=all_drawn.window_left,
        window_top=all_drawn.window_top,
    )


@given(st.integers(0, 10**6))
def test_draws_stay_in_their_bounds(seed: int):
    drawn = draw_changes(ALL, np.random.default_rng(seed), may_flip=True)
    assert abs(drawn.rotation_degrees) <= 20
    assert 0.7 <= drawn.window_share <= 1
    assert 1 / 1.2 <= drawn.zoom <= 1.2
    assert abs(drawn.brightness) <= 0.2
    assert 0.7 <= drawn.contrast <= 1.3
    assert 0.6 <= drawn.saturation <= 1.4
    assert 0 <= drawn.noise <= 0.05
    assert 1 / 1.3 <= drawn.speed <= 1.3


def test_half_of_the_views_are_mirrored_but_none_of_a_label_that_says_so():
    mirrored = [draw_changes(ALL, np.random.default_rng(i), may_flip=True).flip for i in range(400)]
    assert 150 < sum(mirrored) < 250
    assert ALL.may_flip("right")
    assert not ALL.may_flip("left")
    assert not NOTHING.may_flip("right")
    assert not any(draw_changes(ALL, np.random.default_rng(i), may_flip=False).flip for i in range(100))


def test_a_mirror_is_exact():
    np.testing.assert_array_equal(changed(CLIP, flip=True), CLIP[:, :, :, ::-1])


def test_rotation_turns_counter_clockwise():
    clip = np.zeros((1, 1, 65, 65, 3), np.uint8)
    clip[:, :, 30:35, 50:60] = 255  # to the right of the middle
    found = changed(clip, rotation_degrees=90.0)[0, 0, :, :, 0]
    np.testing.assert_array_equal(found, np.rot90(clip[0, 0, :, :, 0]))


def test_a_crop_shows_the_window_enlarged():
    clip = still_clip(1)
    found = changed(clip, window_share=0.5, window_left=0.0, window_top=1.0)[0, 0]
    expected = clip[0, 0, 32:, :32]
    assert np.abs(found[1:-1:2, 1:-1:2].astype(int) - expected[:-1, :-1]).mean() < 6
    zoomed = changed(clip, zoom=2.0)[0, 0]
    assert np.abs(zoomed[1:-1:2, 1:-1:2].astype(int) - clip[0, 0, 16:47, 16:47]).mean() < 6


def test_colours_change_as_named():
    clip = still_clip(1) // 2 + 64
    luma = np.array([0.299, 0.587, 0.114])
    plain = clip.astype(float)
    np.testing.assert_allclose(changed(clip, brightness=0.1), np.rint(plain + 25.5), atol=1)
    np.testing.assert_allclose(
        changed(clip, contrast=0.5).mean(), 127.5 + 0.5 * (plain.mean() - 127.5), atol=1
    )
    grey = changed(clip, saturation=0.0)
    np.testing.assert_allclose(grey[..., 0], grey[..., 2], atol=1)
    np.testing.assert_allclose(grey @ luma, plain @ luma, atol=1.5)
    turned = changed(clip, hue_degrees=120.0)
    np.testing.assert_allclose(turned @ luma, plain @ luma, atol=2)
    assert np.abs(turned.astype(float) - plain).mean() > 5


def test_noise_is_drawn_for_each_frame_at_one_strength():
    clip = np.full((3, 2, 64, 64, 3), 128, np.uint8)
    found = changed(clip, noise=0.05).astype(float).reshape(6, -1)
    np.testing.assert_allclose(found.std(axis=1), 0.05 * 255, rtol=0.05)
    assert np.abs(np.corrcoef(found)[np.triu_indices(6, 1)]).max() < 0.05


def test_moments_shift_and_follow_one_another_faster():
    assert moments_shown(8, 0.0, 1.0).tolist() == list(range(8))
    assert moments_shown(8, 0.25, 1.0).tolist() == [2, 3, 4, 5, 6, 7, 7, 7]
    assert moments_shown(9, 0.0, 2.0).tolist() == [0, 0, 0, 2, 4, 6, 8, 8, 8]
    assert moments_shown(9, 0.0, 0.5).tolist() == [2, 2, 3, 4, 4, 4, 5, 6, 6]
    found = changed(CLIP, time_shift=0.25)
    np.testing.assert_array_equal(found, CLIP[[1, 2, 3, 3]])


def test_golden():
    found = np.stack([view(still_clip(), ALL, number) for number in (1, 2, 3)])
    digest = hashlib.sha256(found.tobytes()).hexdigest()[:16]
    assert (augmentation.VERSION, digest) == GOLDEN, "changed output: raise VERSION and the digest"
