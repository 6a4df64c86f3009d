import numpy as np
import pytest

from sora.compression.reconstruction import remove_inputs


def samples(num_positions, num_channels, size, num_outputs):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(num_positions, num_channels, size))
    return x, rng.normal(size=(num_channels, size, num_outputs))


@pytest.mark.parametrize("size", [1, 9])
def test_copies_of_other_channels_go_and_nothing_is_lost(size):
    x, kernel = samples(500, 6, size, 4)
    x[:, 1], x[:, 4] = 2 * x[:, 0], x[:, 3] - x[:, 5]
    y = np.tensordot(x, kernel, 2) + 3.0
    kept, solved, bias = remove_inputs(x, y, kernel, 4)
    assert len(kept) == 4
    assert 2 in kept
    assert len({0, 1} & set(kept)) == 1
    assert len({3, 4, 5} & set(kept)) == 2
    error = np.tensordot(x[:, kept], solved, 2) + bias - y
    assert np.square(error).mean() < 1e-3 * y.var()  # the penalty on moving away leaves so much


def test_the_rest_makes_up_for_what_goes_better_than_it_did_before():
    x, kernel = samples(500, 8, 1, 3)
    x[:, 1:] += 2 * x[:, :1]  # they know of each other
    y = np.tensordot(x, kernel, 2)
    kept, solved, bias = remove_inputs(x, y, kernel, 5)
    error = np.square(np.tensordot(x[:, kept], solved, 2) + bias - y).mean()
    cut_off = np.tensordot(x[:, kept], kernel[kept], 2)
    assert error < 0.5 * np.square(cut_off - cut_off.mean(0) + y.mean(0) - y).mean()


def test_the_choice_is_the_best_one_of_all():
    x, kernel = samples(400, 5, 1, 2)
    y = np.tensordot(x, kernel, 2)
    kept, *_ = remove_inputs(x, y, kernel, 4)
    flat = x[:, :, 0]
    errors = []
    for gone in range(5):
        rest = np.delete(flat, gone, axis=1)
        errors.append(np.square(rest @ np.linalg.lstsq(rest, y)[0] - y).sum())
    assert set(range(5)) - set(kept) == {int(np.argmin(errors))}


def test_all_channels_may_stay():
    x, kernel = samples(50, 3, 1, 2)
    kept, solved, bias = remove_inputs(x, np.tensordot(x, kernel, 2), kernel, 3)
    assert list(kept) == [0, 1, 2]
    np.testing.assert_allclose(solved, kernel, atol=1e-6)
    np.testing.assert_allclose(bias, 0, atol=1e-6)
