from typing import get_args

import numpy as np
import pytest
from pictures import noise

from sora.robustness.corruptions import Corruption, Name, corrupt

LEVELS = {"noise": 20, "blur": 2, "dark": 0.2, "reencoding": 42, "dropped_frames": 0.5}
EVERY = [Corruption(name, LEVELS.get(name, 0)) for name in get_args(Name)]
SEGMENTS = noise((6, 4, 32, 32, 3), 0)


@pytest.mark.parametrize("corruption", EVERY, ids=lambda one: one.name)
def test_a_corruption_is_the_same_every_time_and_leaves_its_input(corruption: Corruption):
    before = SEGMENTS.copy()
    worse = corrupt(SEGMENTS, corruption, seed=0, key="a")
    assert worse.shape == SEGMENTS.shape
    assert worse.dtype == np.uint8
    np.testing.assert_array_equal(worse, corrupt(SEGMENTS, corruption, seed=0, key="a"))
    np.testing.assert_array_equal(SEGMENTS, before)
    assert np.array_equal(worse, SEGMENTS) == (corruption.name == "none")


@pytest.mark.parametrize("name", ["noise", "dropped_frames", "shuffled_moments", "shuffled_frames"])
def test_what_is_drawn_depends_on_seed_and_clip(name: Name):
    one = Corruption(name, LEVELS.get(name, 0))
    drawn = [corrupt(SEGMENTS, one, seed=seed, key=key) for seed, key in ((0, "a"), (1, "a"), (0, "b"))]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert not np.array_equal(drawn[first], drawn[second])
