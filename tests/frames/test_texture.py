import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pictures import clips, texture

from sora.frames import texture as module
from sora.frames.texture import num_texture_features, texture_features

GOLDEN = (1, "f31e80b4222b7f47")


def test_a_flat_frame_has_one_pattern():
    features = texture_features(np.full((16, 16, 3), 90, np.uint8), 1)
    np.testing.assert_array_equal(features, np.eye(10)[8])  # all eight neighbours are as bright


def test_a_step_has_the_patterns_of_an_edge():
    frame = np.zeros((18, 18, 3), np.uint8)
    frame[:, 9:] = 200
    shares = texture_features(frame, 1) ** 2
    # Only the first bright column has darker neighbours: three of eight.
    np.testing.assert_allclose(shares[[5, 8]], [1 / 16, 15 / 16], atol=1e-6)


def test_single_points_are_not_uniform_or_spots():
    frame = np.repeat((np.indices((9, 9)).sum(axis=0) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)
    frame[4, 4] = 128  # its neighbours are bright and dark by turns
    assert texture_features(frame, 1)[9] ** 2 >= 1 / 49
    frame[...] = 0
    frame[4, 4] = 255
    np.testing.assert_allclose(texture_features(frame, 1)[0] ** 2, 1 / 49, atol=1e-6)


@given(clips(), st.integers(1, 3))
def test_shares_of_each_region_sum_to_one_whatever_the_light(frames: np.ndarray, cells: int):
    features = texture_features(frames[0], cells)
    assert (features.shape, features.dtype) == ((num_texture_features(cells),), np.float32)
    np.testing.assert_allclose((features.reshape(-1, 10) ** 2).sum(axis=1), 1, atol=1e-5)


def test_turning_by_a_quarter_changes_nothing():
    frame = texture(40, 40)
    np.testing.assert_array_equal(texture_features(np.rot90(frame).copy(), 1), texture_features(frame, 1))


def test_golden():
    digest = hashlib.sha256(np.round(texture_features(texture(40, 60), 2), 4).tobytes()).hexdigest()[:16]
    assert (module.VERSION, digest) == GOLDEN, "changed output: raise VERSION and the digest"
