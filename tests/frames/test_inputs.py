from dataclasses import replace

import numpy as np
import pytest

from sora.frames.inputs import choose_frames, clean_clip, network_input
from sora.frames.motion import flow_histograms
from sora.frames.spec import ClipSpec, InputSpec, MotionSpec

CLIP = ClipSpec(4, 3, 0.1, 32, "none", 3, 0.1, 0.9)
SPEC = InputSpec(CLIP, MotionSpec(32, 2, 8), "any", pixel_mean=127.0, pixel_scale=128.0)
FRAMES = np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3), np.uint8)


def test_images_are_the_first_frame_of_each_segment_normalised():
    found = network_input(FRAMES, SPEC)
    assert (found.images.dtype, found.motion.dtype) == (np.float32, np.float32)
    assert found.motion.shape == (4, SPEC.motion.num_features)
    np.testing.assert_array_equal(found.images, ((FRAMES[::3].astype(float) - 127) / 128).astype(np.float32))
    other = network_input(FRAMES, replace(SPEC, pixel_mean=0.0, pixel_scale=255.0))
    np.testing.assert_allclose(other.images, FRAMES[::3] / 255, atol=1e-6)
    np.testing.assert_array_equal(other.motion, found.motion)


def test_motion_is_between_the_first_and_last_frame_of_each_segment():
    pairs = np.stack([FRAMES[::3], FRAMES[2::3]], axis=1)
    expected = flow_histograms(pairs, 32, 2, 8)
    np.testing.assert_array_equal(network_input(FRAMES, SPEC).motion, expected)


def test_badly_exposed_segments_are_replaced_by_whole_good_ones():
    frames = FRAMES.copy()
    frames[3:6] = 0
    frames[9:12] = 255
    found = clean_clip(frames, CLIP)
    first, third = frames[0:3], frames[6:9]
    np.testing.assert_array_equal(found, np.concatenate([first, first, third, third]))
    np.testing.assert_array_equal(clean_clip(FRAMES, CLIP), FRAMES)


def test_a_clip_without_a_good_frame_is_an_error():
    with pytest.raises(ValueError, match=r"none of the 4 frames looked at .* between 0.1 and 0.9"):
        clean_clip(np.zeros_like(FRAMES), CLIP)


def test_the_spec_decides_which_frames():
    assert list(choose_frames(np.arange(120) / 10, CLIP)) == [
        15,
        16,
        17,
        45,
        46,
        47,
        75,
        76,
        77,
        105,
        106,
        107,
    ]
    assert list(choose_frames(np.arange(120) / 20, CLIP))[:3] == [15, 17, 19]
