"""The discrepancy against a brute-force one, written from the formulas of Gretton et al."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora.drift.kernel import rbf_kernel, squared_discrepancy
from sora.drift.permutations import assignments, in_parts, p_value


def kernel_of(first: np.ndarray, second: np.ndarray, width: float) -> float:
    return float(np.exp(-np.sum((first - second) ** 2) / (2 * width**2)))


def brute_force(reference: np.ndarray, window: np.ndarray, width: float) -> float:
    """Equation 3: means over pairs of different points within each side, and over all pairs across."""
    m, n = len(reference), len(window)
    within = sum(
        kernel_of(a, b, width) for i, a in enumerate(reference) for j, b in enumerate(reference) if i != j
    )
    also = sum(kernel_of(a, b, width) for i, a in enumerate(window) for j, b in enumerate(window) if i != j)
    across = sum(kernel_of(a, b, width) for a in reference for b in window)
    return within / (m * (m - 1)) + also / (n * (n - 1)) - 2 * across / (m * n)


@given(st.integers(0, 50), st.integers(2, 5), st.integers(2, 4))
def test_every_permutation_gives_what_brute_force_gives(seed, num_reference, num_window):
    points = np.random.default_rng(seed).normal(size=(num_reference + num_window, 3))
    width = np.median([np.linalg.norm(a - b) for a, b in combinations(points, 2)])
    dealt = assignments(len(points), num_window, seed=0)
    found = in_parts(squared_discrepancy(rbf_kernel(points)), dealt)
    expected = [brute_force(points[~row], points[row], width) for row in dealt]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    exact = np.mean([value >= expected[0] - 1e-12 for value in expected])
    assert p_value(found) == pytest.approx(exact)


@given(st.randoms(use_true_random=False))
def test_the_order_of_videos_within_a_side_does_not_matter(random):
    points = np.random.default_rng(0).normal(size=(12, 4))
    places = [*random.sample(range(7), 7), *random.sample(range(7, 12), 5)]
    dealt = assignments(12, 5, seed=0)[:1]
    both = [squared_discrepancy(rbf_kernel(each))(dealt)[0] for each in (points, points[places])]
    assert both[0] == pytest.approx(both[1])


def test_two_tight_heaps_far_apart_have_the_largest_discrepancy():
    heaps = np.concatenate([np.zeros((6, 2)), np.full((6, 2), 9.0)]) + np.eye(12, 2) * 1e-6
    kernel = rbf_kernel(heaps)
    assert kernel.min() > 0
    far = rbf_kernel(heaps * 1e6)  # the width follows: no unit of length is assumed
    np.testing.assert_allclose(kernel, far, atol=1e-6)
    assert squared_discrepancy(np.kron(np.eye(2), np.ones((6, 6))))(
        assignments(12, 6, 0)[:1]
    ) == pytest.approx([2])


def test_equal_points_are_no_difference():
    kernel = rbf_kernel(np.ones((10, 3)))
    assert kernel.tolist() == np.ones((10, 10)).tolist()
    assert p_value(in_parts(squared_discrepancy(kernel), assignments(10, 5, 0))) == 1
