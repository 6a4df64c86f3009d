import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import clips

from sora.frames import denoising
from sora.frames.denoising import denoise

FILTERS = ["gaussian", "median", "bilateral", "nlmeans"]
FRAMES = np.random.default_rng(0).integers(0, 256, (3, 20, 24, 3), np.uint8)
GOLDEN = (2, "192941f31683694d")


@pytest.mark.parametrize("method", FILTERS)
@settings(max_examples=20, deadline=None)
@given(clips(), st.sampled_from([3, 5, 7]), st.floats(0.5, 60))
def test_filters_keep_shape_and_inputs_and_work_frame_by_frame(method, frames, kernel_px, strength):
    before = frames.copy()
    found = denoise(frames, method, kernel_px, strength)
    assert (found.shape, found.dtype) == (frames.shape, np.uint8)
    np.testing.assert_array_equal(frames, before)
    np.testing.assert_array_equal(denoise(frames[-1:], method, kernel_px, strength), found[-1:])


@pytest.mark.parametrize("method", ["none", *FILTERS])
def test_zero_strength_changes_nothing(method):
    np.testing.assert_array_equal(denoise(FRAMES, method, 1, 10), FRAMES)
    if method in ("none", "bilateral", "nlmeans"):
        np.testing.assert_array_equal(denoise(FRAMES, method, 5, 0), FRAMES)


@pytest.mark.parametrize("method", FILTERS)
def test_noise_goes_and_edges_stay_best_where_the_filter_says_so(method):
    clean = np.zeros((1, 48, 48, 3), np.uint8)
    clean[:, :, 24:] = 200
    clean += 25
    noisy = np.clip(clean + np.random.default_rng(1).normal(0, 8, clean.shape), 0, 255).astype(np.uint8)
    found = denoise(noisy, method, 5, 30).astype(float)
    flat = np.s_[:, :, 4:18]
    assert np.abs(found - clean)[flat].mean() < 0.6 * np.abs(noisy.astype(float) - clean)[flat].mean()
    step = found[0, :, 26].mean() - found[0, :, 21].mean()
    assert step > (150 if method == "gaussian" else 190)


def test_an_unknown_filter_is_refused():
    with pytest.raises(ValueError, match="got 'wavelets'"):
        denoise(FRAMES, "wavelets", 3, 1)


def test_golden():
    found = np.concatenate([denoise(FRAMES, method, 3, 20) for method in FILTERS])
    digest = hashlib.sha256(found.tobytes()).hexdigest()[:16]
    assert (denoising.VERSION, digest) == GOLDEN, "changed output: raise VERSION and the digest"
