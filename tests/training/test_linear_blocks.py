import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sora.errors import SoraError
from sora.training.linear_blocks import (
    fitted_block,
    pooled_over_time,
    primal_weights,
    principal_components,
    require_numbers,
    require_ranges,
    span,
)


def test_pooling_gives_means_then_deviations():
    features = np.array([[[1, 5], [3, 5]]], np.float32)
    pooled = pooled_over_time(features)
    assert pooled.dtype == np.float32
    np.testing.assert_allclose(pooled, [[2, 5, np.sqrt(1 + 1e-6), 1e-3]], rtol=1e-6)


def test_a_block_is_standardised_clipped_and_of_unit_energy():
    pooled = np.random.default_rng(0).normal(3, 2, (500, 8)).astype(np.float32)
    block = fitted_block(pooled, [(0, 1), (2, 4)])
    assert block.columns == ((0, 1), (2, 4), (4, 5), (6, 8))
    x = block.standardised(pooled)
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-3)
    assert np.square(x).sum(axis=1).mean() == pytest.approx(1, abs=0.01)
    far = block.standardised(pooled + 1000)
    np.testing.assert_allclose(far, 5 / np.sqrt(6), rtol=1e-6)


def test_a_column_that_does_not_vary_becomes_zero():
    pooled = np.full((4, 2), 7.0, np.float32)
    np.testing.assert_array_equal(fitted_block(pooled, [(0, 1)]).standardised(pooled), 0)


@given(st.integers(0, 1000), st.integers(1, 12), st.integers(1, 30))
def test_coordinates_in_the_span_keep_all_inner_products(seed, num_rows, num_columns):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(num_rows, num_columns))
    assume(np.linalg.cond(rows) < 100)  # else a direction may be lost in rounding
    coordinates = rows @ rows.T @ span(rows @ rows.T)
    assert coordinates.shape[1] == min(num_rows, num_columns)
    np.testing.assert_allclose(coordinates @ coordinates.T, rows @ rows.T, atol=1e-3)
    directions = rows.T @ span(rows @ rows.T)
    np.testing.assert_allclose(directions.T @ directions, np.eye(directions.shape[1]), atol=1e-3)


def test_principal_components_are_those_of_the_weighted_columns_side_by_side():
    rng = np.random.default_rng(0)
    rows = {"a": rng.normal(2, 1, (20, 30)), "b": rng.normal(-1, 3, (20, 10))}
    shares = {"a": 0.8, "b": 0.2}
    products = {name: each @ each.T for name, each in rows.items()}
    weights = primal_weights(rows, principal_components(products, shares, 3))
    found = np.concatenate([rows["a"], rows["b"]], axis=1) @ weights.kernel + weights.bias
    joined = np.concatenate([np.sqrt(shares[name]) * rows[name] for name in rows], axis=1)
    left, values, _ = np.linalg.svd(joined - joined.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(found), np.abs(left * values)[:, :3], atol=1e-3)


def test_components_beyond_the_rows_are_zero():
    rows = {"a": np.random.default_rng(0).normal(size=(4, 9))}
    weights = primal_weights(rows, principal_components({"a": rows["a"] @ rows["a"].T}, {"a": 1.0}, 8))
    assert weights.kernel.shape == (9, 8)
    assert np.abs(weights.kernel).max(axis=0).round(6).astype(bool).tolist() == [True] * 3 + [False] * 5


def test_wrong_blocks_and_numbers_are_named():
    with pytest.raises(SoraError, match="block 'rgb': expected ranges of columns within 0 to 8, got"):
        require_ranges({"rgb": [(2, 9)]}, 8)
    with pytest.raises(SoraError, match="blocks: expected at least one"):
        require_ranges({}, 8)
    with pytest.raises(SoraError, match="1 of 3 rows have others, the first is row 1"):
        require_numbers(np.array([1, np.nan, 2]).reshape(3, 1, 1))
