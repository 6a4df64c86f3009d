import numpy as np

from sora.frames.exposure import well_exposed


def test_well_exposed_takes_its_bounds_in():
    levels = np.array([0, 50, 51, 128, 204, 205, 255], np.uint8)
    frames = np.broadcast_to(levels[:, None, None, None], (7, 8, 8, 3))
    assert well_exposed(frames, 0.2, 0.8).tolist() == [False, False, True, True, True, False, False]
    half = np.zeros((1, 8, 8, 3), np.uint8)
    half[:, :4] = 255
    assert well_exposed(half, 0.4, 0.6).tolist() == [True]
