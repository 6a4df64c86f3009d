import numpy as np

from sora.drift.units import units


def test_videos_of_a_group_are_a_unit_and_those_without_one_stand_alone():
    found = units(["a", "", "a", "b", ""], ["c", "c", ""])
    assert found.codes.tolist() == [0, 1, 0, 2, 3, 4, 4, 5]
    assert (found.count, found.num_window) == (6, 2)
    assert found.weights.tolist() == [0.5, 1, 0.5, 1, 1, 0.5, 0.5, 1]


def test_a_group_of_both_sides_is_a_unit_on_each():
    assert units(["a", "b"], ["b", "a"]).codes.tolist() == [0, 1, 2, 3]


def test_means_weigh_every_video_of_a_unit_the_same():
    found = units(["a", "a", "b"], ["c"])
    values = np.array([[1.0, 0], [3.0, 2], [5.0, 5], [7.0, 1]])
    np.testing.assert_allclose(found.means(values), [[2, 1], [5, 5], [7, 1]])
