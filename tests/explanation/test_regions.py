import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import noise

from sora.explanation.regions import blurred, coverage, mixed

T, K, SIZE, G = 2, 3, 48, 4
SHARES = st.floats(0, 1).filter(lambda share: share < 0.9)


def clip():
    return noise((T * K, SIZE, SIZE, 3), 0)


def test_blur_leaves_colours_alone():
    frames = clip()
    filled = blurred(frames)
    assert filled.shape == frames.shape
    assert filled.dtype == np.uint8
    assert filled.std(axis=(1, 2)).max() < 0.1 * frames.std(axis=(1, 2)).min()
    np.testing.assert_allclose(filled.mean(axis=(1, 2)), frames.mean(axis=(1, 2)), atol=3)
    plain = np.full_like(frames, 77)
    np.testing.assert_array_equal(blurred(plain), plain)


def test_cells_are_kept_or_filled_at_their_moment():
    frames = clip()
    filled = blurred(frames)
    kept = np.zeros((T, G, G), bool)
    np.testing.assert_array_equal(mixed(frames, filled, kept), filled)
    np.testing.assert_array_equal(mixed(frames, filled, ~kept), frames)
    kept[1, 0, 2] = True
    both = mixed(frames, filled, kept)
    np.testing.assert_array_equal(both[:K], filled[:K])
    row, column = SIZE // G // 2, SIZE // G * 5 // 2  # the middle of the cell
    middle = (slice(K, None), slice(row - 1, row + 1), slice(column - 1, column + 1))
    np.testing.assert_allclose(both[middle], frames[middle], atol=13)  # a tenth of 127
    outside = np.abs(both[K:].astype(int) - filled[K:]).max(axis=(0, 3)) > 0
    assert outside[:, : SIZE // G].sum() == outside[SIZE * 3 // 4 :].sum() == 0
    np.testing.assert_array_equal(frames, clip())


@given(st.integers(1, 9), st.integers(1, 9), SHARES, SHARES)
def test_every_cell_lies_wholly_in_the_frame(num_cells, grid_cells, left, top):
    window = (left, top, left + 0.1, 1.0)
    shares = coverage(num_cells, grid_cells, window)
    assert shares.shape == (num_cells**2, grid_cells**2)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-4)
    assert shares.min() >= 0


def test_cells_of_a_window_are_found_in_the_frame():
    np.testing.assert_array_equal(coverage(5, 5), np.eye(25))
    np.testing.assert_allclose(coverage(1, 2, (0.0, 0.0, 0.5, 1.0)), [[0.5, 0, 0.5, 0]])
    quarter = coverage(2, 4, (0.5, 0.5, 1.0, 1.0))
    assert [row.argmax() for row in quarter] == [10, 11, 14, 15]
    assert quarter.max(axis=1) == pytest.approx(1)
