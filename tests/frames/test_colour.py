import hashlib

import numpy as np
import pytest
from hypothesis import given
from pictures import clips, texture

from sora.frames import colour
from sora.frames.colour import colour_features, num_colour_features

GOLDEN = (1, "d883d1473eacd327")


def plain(rgb: tuple[int, int, int]) -> np.ndarray:
    return np.full((16, 24, 3), rgb, np.uint8)


@pytest.mark.parametrize(("rgb", "hue"), [((255, 0, 0), 0), ((0, 255, 0), 1), ((0, 0, 255), 2)])
def test_a_plain_colour_fills_one_hue(rgb: tuple[int, int, int], hue: int):
    features = colour_features(plain(rgb), 3)
    np.testing.assert_allclose(features[:3], np.eye(3)[hue], atol=1e-6)
    np.testing.assert_allclose(features[3:6], [0, 0, 1], atol=1e-6)
    assert np.abs(features[9:]).max() < 1e-3  # no deviation, no third moment


def test_grey_has_no_hue_and_its_lightness():
    features = colour_features(plain((119, 119, 119)), 4)
    assert not features[:4].any()
    assert features[8] == pytest.approx(50, abs=0.5)  # L of the middle grey


def test_half_dark_half_bright_deviates():
    frame = plain((0, 0, 0))
    frame[:8] = 255
    features = colour_features(frame, 2)
    np.testing.assert_allclose(features[2:4], np.sqrt([0.5, 0.5]), atol=1e-6)
    assert features[[4, 7]] == pytest.approx([50, 50], abs=0.1)


@given(clips())
def test_any_frame_gives_finite_numbers_and_mirrors_alike(frames: np.ndarray):
    features = colour_features(frames[0], 5)
    assert (features.shape, features.dtype) == ((num_colour_features(5),), np.float32)
    assert np.isfinite(features).all()
    np.testing.assert_allclose(
        colour_features(np.ascontiguousarray(frames[0][:, ::-1]), 5), features, atol=1e-3
    )


def test_golden():
    rounded = np.round(colour_features(texture(40, 60), 8).astype(float), 2) + 0.0
    digest = hashlib.sha256(rounded.tobytes()).hexdigest()[:16]
    assert (colour.VERSION, digest) == GOLDEN, "changed output: raise VERSION and the digest"
