import pickle

import numpy as np
import pytest

from sora.video import shared
from sora.video.shared import Arena, SharedArray


def handed_over(array: SharedArray) -> np.ndarray:
    return pickle.loads(pickle.dumps(array)).take()


def address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


@pytest.mark.parametrize("limit", [0, 1000])
def test_an_array_is_handed_over(monkeypatch: pytest.MonkeyPatch, limit: int):
    monkeypatch.setattr(shared, "_MAX_COPIED_BYTES", limit)
    first = Arena().array()
    first.empty((2, 3, 4))[:] = np.arange(24).reshape(2, 3, 4)
    np.testing.assert_array_equal(handed_over(first), np.arange(24).reshape(2, 3, 4))


def test_what_is_held_is_not_written_over(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shared, "_MAX_COPIED_BYTES", 0)
    arena = Arena()
    first = arena.array()
    filled = first.empty((2, 3, 4))
    filled[:] = np.arange(24).reshape(2, 3, 4)
    taken = handed_over(first)
    assert address(arena.array().empty((2, 2))) != address(filled)  # still held
    held = taken[1:, :, ::2]
    again = arena.array().empty((24,))
    again[:] = 99
    np.testing.assert_array_equal(held, np.arange(24).reshape(2, 3, 4)[1:, :, ::2])


def test_what_is_let_go_is_used_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shared, "_MAX_COPIED_BYTES", 0)
    arena = Arena()
    first = arena.array()
    place = address(first.empty((100,)))
    taken = handed_over(first)
    del taken
    assert address(arena.array().empty((10, 10))) == place
    assert handed_over(arena.array()).size == 0
