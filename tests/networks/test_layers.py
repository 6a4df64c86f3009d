import numpy as np

from sora.networks.layers import PositionEmbedding, Standardise, TimeStatistics


def test_features_are_standardised_and_clipped():
    layer = Standardise()
    layer.build((None, 2))
    layer.set_weights([np.array([1, 2]), np.array([2, 0.5]), np.array([1, 10])])
    x = np.array([[[3, 2.5], [1001, -1000]]], np.float32)
    np.testing.assert_allclose(layer(x), [[[1, 10], [5, -50]]])
    assert layer.trainable_weights == []


def test_only_the_chosen_columns_are_taken_in_their_order():
    layer = Standardise(columns=[[3, 4], [0, 2]])
    np.testing.assert_array_equal(layer(np.array([[1, 2, 3, 4]], np.float32)), [[4, 1, 2]])


def test_statistics_are_mean_then_deviation_over_time():
    x = np.array([[[1, 5], [3, 5]]], np.float32)
    np.testing.assert_allclose(TimeStatistics()(x), [[2, 5, 1, 0.001]], atol=1e-4)


def test_positions_start_as_waves_that_differ():
    positions = np.asarray(PositionEmbedding()(np.zeros((1, 8, 6), np.float32)))[0]
    np.testing.assert_allclose(positions[0], [0, 1, 0, 1, 0, 1])
    np.testing.assert_allclose(positions[3, :2], [np.sin(3), np.cos(3)], rtol=1e-6)
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
    assert distances[~np.eye(8, dtype=bool)].min() > 0.3
