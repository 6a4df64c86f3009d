import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora.errors import SoraError
from sora.networks.layers import Standardise
from sora.networks.scaling import block_gains, standardisation, standardised, whitening


def test_standardisation_is_over_videos_and_time():
    features = np.array([[[1, 4], [3, 4]], [[5, 4], [7, 4]]], np.float32)
    mean, std = standardisation(features)
    np.testing.assert_allclose(mean, [4, 4])
    np.testing.assert_allclose(std, [5**0.5, 0.001])
    assert mean.dtype == std.dtype == np.float32


def test_standardisation_of_many_columns_is_that_of_each():
    features = np.random.default_rng(0).normal(3, 2, (4, 3, 5000)).astype(np.float32)
    mean, std = standardisation(features)
    np.testing.assert_allclose(mean, features.mean(axis=(0, 1), dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(std, features.std(axis=(0, 1), dtype=np.float64), rtol=1e-6)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=5))
def test_each_block_of_columns_has_the_same_energy(sizes):
    ends = np.cumsum(sizes)
    blocks = [(int(end) - size, int(end)) for end, size in zip(ends, sizes, strict=True)]
    gains = block_gains(blocks)
    energy = [np.sum(gains[start:stop] ** 2) for start, stop in blocks]
    np.testing.assert_allclose(energy, sum(sizes) / len(sizes))


def test_the_layer_and_the_function_agree():
    features = np.random.default_rng(0).normal(3, 2, (4, 3, 10)).astype(np.float32)
    features[0, 0] = 1000
    blocks, (mean, std) = [(6, 9), (0, 2)], standardisation(features)
    layer = Standardise(columns=blocks)
    layer.build(features.shape)
    kept = [6, 7, 8, 0, 1]
    layer.set_weights([mean[kept], std[kept], block_gains(blocks)])
    np.testing.assert_allclose(layer(features), standardised(features, blocks, mean, std), atol=1e-6)


@pytest.mark.parametrize(("num_rows", "num_columns"), [(200, 12), (40, 300), (3000, 12)])
def test_whitened_rows_are_uncorrelated_with_variance_one(num_rows, num_columns):
    rng = np.random.default_rng(1)
    rows = rng.normal(2, 1, (num_rows, 8)) @ rng.normal(0, 3, (8, num_columns))
    projection = whitening(rows.astype(np.float32), 6)
    used = rows if num_rows <= 2000 else rows[np.linspace(0, num_rows - 1, 2000).round().astype(int)]
    white = used @ projection.kernel + projection.bias
    np.testing.assert_allclose(white.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(white.T @ white / len(white), np.eye(6), atol=1e-3)


def test_the_first_axis_is_that_of_the_largest_variance():
    rng = np.random.default_rng(0)
    rows = (rng.normal(0, 1, (100, 3)) * [1, 9, 3]).astype(np.float32)
    kernel = whitening(rows, 2).kernel
    assert list(np.abs(kernel).argmax(axis=0)) == [1, 2]
    assert (kernel.max(axis=0) == np.abs(kernel).max(axis=0)).all()


def test_more_axes_than_directions_are_refused():
    rows = np.random.default_rng(0).normal(0, 1, (5, 30)).astype(np.float32)
    with pytest.raises(SoraError, match=r"projection_size: expected at most 4, .* got 5"):
        whitening(rows, 5)
