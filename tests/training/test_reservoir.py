from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from sora.training.reservoir import Known, reservoir

VIDEOS = st.lists(
    st.builds(Known, st.integers(0, 60).map(lambda number: f"{number:x}"), st.sampled_from("abc")),
    max_size=50,
)


@given(VIDEOS, VIDEOS, st.integers(0, 30), st.integers(0, 3))
def test_it_depends_on_no_order_and_can_be_filled_up_later(some, others, size, seed):
    at_once = reservoir([*some, *others], size, seed)
    assert reservoir([*reversed(others), *some, *some], size, seed) == at_once
    assert reservoir([*reservoir(some, size, seed), *others], size, seed) == at_once


@given(VIDEOS, st.integers(0, 30))
def test_it_is_full_even_and_made_of_what_it_was_given(videos, size):
    kept, given_ = reservoir(videos, size, 0), Counter(label for _, label in set(videos))
    assert set(kept) <= set(videos)
    assert len(kept) == min(size, len(set(videos)))
    counts = Counter(label for _, label in kept)
    for label in given_:
        # A label has fewer than another only where there are no more of it.
        assert counts[label] == given_[label] or counts[label] >= max(counts.values(), default=0) - 1
    assert reservoir(videos, size // 2, 0) == kept[: size // 2]


def test_each_video_of_a_label_is_as_likely_as_another():
    videos = [Known(str(number), "a") for number in range(20)]
    kept = Counter(video for seed in range(2000) for video in reservoir(videos, 5, seed))
    assert all(420 < kept[video] < 580 for video in videos)  # 500 are expected, with a deviation of 19
