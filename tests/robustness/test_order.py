import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sora.robustness.order import drop_frames, reverse, shuffle_frames, shuffle_moments, stand_still

SIZES = st.tuples(st.integers(1, 12), st.integers(2, 5))


def numbered(size: tuple[int, int]) -> np.ndarray:
    """(T, K, 2, 2, 3), each frame showing its own number."""
    numbers = np.arange(size[0] * size[1], dtype=np.uint8).reshape(size)
    return np.broadcast_to(numbers[..., None, None, None], (*size, 2, 2, 3)).copy()


def shown(segments: np.ndarray) -> list[int]:
    return segments[..., 0, 0, 0].ravel().tolist()


@given(SIZES)
def test_backwards_twice_is_forwards(size):
    segments = numbered(size)
    assert shown(reverse(segments)) == shown(segments)[::-1]
    np.testing.assert_array_equal(reverse(reverse(segments)), segments)


@given(SIZES, st.integers(0, 99))
def test_shuffling_moments_keeps_each_whole(size, seed):
    segments = numbered(size)
    shuffled = shuffle_moments(segments, np.random.default_rng(seed))
    moments = [shown(moment) for moment in shuffled]
    assert sorted(moments) == [shown(moment) for moment in segments]


@given(SIZES, st.integers(0, 99))
def test_shuffling_frames_is_a_permutation(size, seed):
    segments = numbered(size)
    shuffled = shuffle_frames(segments, np.random.default_rng(seed))
    assert sorted(shown(shuffled)) == shown(segments)
    assert shuffled.shape == segments.shape


def test_a_long_clip_is_shuffled_across_moments():
    shuffled = shuffle_frames(numbered((16, 4)), np.random.default_rng(0))
    assert len({number // 4 for number in shown(shuffled[:1])}) > 1


@given(SIZES, st.floats(0.01, 0.99), st.integers(0, 99))
def test_a_dropped_frame_shows_the_one_before(size, share, seed):
    segments = numbered(size)
    places = shown(drop_frames(segments, share, np.random.default_rng(seed)))
    dropped = [place for place, number in enumerate(places) if number != place]
    assert len(dropped) == round(share * (len(places) - 1))
    assert 0 not in dropped
    assert all(places[place] == places[place - 1] for place in dropped)


def test_still_moments_show_one_frame_each():
    segments = numbered((3, 4))
    assert shown(stand_still(segments, 0)) == [0] * 4 + [4] * 4 + [8] * 4
    assert shown(stand_still(segments, -1)) == [3] * 4 + [7] * 4 + [11] * 4
