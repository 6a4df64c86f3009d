import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import clips, texture

from sora.robustness.pictures import add_noise, blur, darken

GREY = np.full((4, 64, 64, 3), 127, np.uint8)


@pytest.mark.parametrize("deviation", [4, 16, 32])
def test_noise_has_the_deviation_that_is_asked_for(deviation: float):
    difference = add_noise(GREY, deviation, np.random.default_rng(0)).astype(float) - 127
    assert difference.mean() == pytest.approx(0, abs=0.03 * deviation)
    assert difference.std() == pytest.approx(deviation, rel=0.03)
    assert abs(np.corrcoef(difference[0].ravel(), difference[1].ravel())[0, 1]) < 0.05


def test_blur_spreads_a_point_as_a_gaussian():
    frames = np.zeros((1, 41, 41, 3), np.uint8)
    frames[0, 20, 20] = 255
    spread = blur(np.repeat(frames, 2, axis=0), 1.0)
    assert spread[0, 20, 20, 0] == pytest.approx(255 / (2 * np.pi), abs=1.5)
    assert spread[0, 20, 22, 0] == pytest.approx(255 / (2 * np.pi) * np.exp(-2), abs=1.5)
    np.testing.assert_array_equal(spread[0], spread[1])


def test_blur_leaves_less_contrast_the_wider_it_is():
    frames = texture(64, 64)[None]
    contrast = [blur(frames, sigma_px).std() for sigma_px in (0.5, 1, 2, 4)]
    assert contrast == sorted(contrast, reverse=True)


def test_dark_scales_linear_light():
    frames = np.full((1, 2, 2, 3), 255, np.uint8)
    # sRGB: half the light is grey level 188, a fifth 124, a hundredth 25.
    assert [int(darken(frames, share).max()) for share in (1, 0.5, 0.2, 0.01)] == [255, 188, 124, 25]


@given(clips(), st.floats(0.01, 1))
def test_nothing_gets_brighter_in_the_dark_and_all_stays_with_all_the_light(frames, share):
    assert (darken(frames, share) <= frames).all()
    np.testing.assert_array_equal(darken(frames, 1.0), frames)
