import hashlib

import numpy as np
import pytest

from sora.frames import cleaning
from sora.frames.cleaning import denoise, well_exposed

FRAMES = np.random.default_rng(0).integers(0, 256, (3, 20, 24, 3), np.uint8)
GOLDEN = (1, "1acebf56db768d83")


def test_none_and_a_kernel_of_one_change_nothing():
    np.testing.assert_array_equal(denoise(FRAMES, "none", 5), FRAMES)
    for method in ("gaussian", "median"):
        np.testing.assert_array_equal(denoise(FRAMES, method, 1), FRAMES)


@pytest.mark.parametrize("method", ["gaussian", "median"])
def test_filters_take_noise_away_frame_by_frame(method: str):
    flat = np.full((2, 16, 16, 3), 100, np.uint8)
    speck = flat.copy()
    speck[0, 8, 8] = 255
    found = denoise(speck, method, 3)
    assert (found.shape, found.dtype) == (speck.shape, np.uint8)
    assert 100 <= found[0].max() < 150
    np.testing.assert_array_equal(found[1], flat[1])
    np.testing.assert_array_equal(denoise(FRAMES, method, 3)[1:2], denoise(FRAMES[1:2], method, 3))


def test_an_unknown_filter_is_refused():
    with pytest.raises(ValueError, match="got 'nlmeans'"):
        denoise(FRAMES, "nlmeans", 3)


def test_well_exposed_takes_its_bounds_in():
    levels = np.array([0, 50, 51, 128, 204, 205, 255], np.uint8)
    frames = np.broadcast_to(levels[:, None, None, None], (7, 8, 8, 3))
    assert well_exposed(frames, 0.2, 0.8).tolist() == [False, False, True, True, True, False, False]
    half = np.zeros((1, 8, 8, 3), np.uint8)
    half[:, :4] = 255
    assert well_exposed(half, 0.4, 0.6).tolist() == [True]


def test_golden():
    pixels = np.concatenate([denoise(FRAMES, "gaussian", 5), denoise(FRAMES, "median", 3)])
    digest = hashlib.sha256(pixels.tobytes()).hexdigest()[:16]
    assert (cleaning.VERSION, digest) == GOLDEN, "changed output: raise VERSION and the digest"
