from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from sora.robustness.sample import Candidate, spread_sample

CLIPS = [
    Candidate(f"{label}{group}{clip}", label, group)
    for label, num_clips in (("run", 4), ("walk", 9), ("jump", 2))
    for group in ("g1", "g2", "g3", "g4", "g5")
    for clip in range(num_clips)
]
candidates = st.lists(
    st.builds(Candidate, st.text("abc", max_size=6), st.sampled_from(["a", "b", "a;b", "c"]), st.text("gh")),
    max_size=30,
    unique_by=lambda one: one.path,
)


def test_labels_and_groups_are_as_even_as_can_be():
    chosen = [CLIPS[place] for place in spread_sample(CLIPS, 30, seed=0)]
    assert Counter(one.label for one in chosen) == {"run": 10, "walk": 10, "jump": 10}
    assert set(Counter((one.label, one.group) for one in chosen).values()) == {2}


def test_a_small_label_is_taken_whole_and_the_others_share_the_rest():
    few = [one for one in CLIPS if one.label != "jump" or one.group == "g1"]
    chosen = [few[place] for place in spread_sample(few, 22, seed=0)]
    assert Counter(one.label for one in chosen) == {"run": 10, "walk": 10, "jump": 2}


@given(candidates, st.integers(0, 40), st.integers(0, 9))
def test_each_at_most_once_and_whatever_the_order(videos, num_videos, seed):
    chosen = spread_sample(videos, num_videos, seed)
    assert len(chosen) == len(set(chosen)) == min(num_videos, len(videos))
    backwards = spread_sample(videos[::-1], num_videos, seed)
    assert {videos[place].path for place in chosen} == {videos[::-1][place].path for place in backwards}


def test_a_label_beside_others_counts_for_each():
    videos = [Candidate("1", "a;b", "g"), Candidate("2", "a", "g"), Candidate("3", "b", "g")]
    videos += [Candidate(f"c{number}", "c", "g") for number in range(5)]
    for seed in range(5):
        labels = [videos[place].label for place in spread_sample(videos, 4, seed)]
        assert {"a", "b"} <= {name for joined in labels for name in joined.split(";")}
        assert labels.count("c") <= 2
