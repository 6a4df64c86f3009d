import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from sora.evaluation.slices import MIN_VIDEOS, measure_slices, slices_note

NOTHING = pd.DataFrame(index=range(30))


def manifest(num_videos: int = 30, **columns: object) -> pd.DataFrame:
    """Videos that differ in nothing but ``columns``, two of each group."""
    alike: dict[str, object] = {
        "group": [f"g{number // 2}" for number in range(num_videos)],
        "duration_seconds": 2.0,
        "width": 320,
        "height": 240,
        "fps": 25.0,
        "mean_brightness": 0.4,
        "dark_share": 0.0,
        "blurred_share": 0.0,
        "frozen_share": 0.0,
        "mean_motion": 0.01,
        "video_codec": "h264",
        "has_audio": False,
        "is_variable_rate": False,
    }
    return pd.DataFrame(alike | columns, index=range(num_videos))


def found(videos: pd.DataFrame, correct: object, attributes: pd.DataFrame = NOTHING):
    return [
        (part.column, part.value, part.num_videos, part.accuracy)
        for part in measure_slices(videos, attributes, correct)
    ]


def test_numbers_are_cut_in_three_and_the_worst_come_first():
    seconds = np.arange(30) / 4 + 1
    correct = seconds >= 3.25
    parts = found(manifest(duration_seconds=seconds), correct)
    assert parts == [
        ("duration", "1 to 3.25 s", 10, 0.1),
        ("duration", "3.5 to 5.75 s", 10, 1.0),
        ("duration", "6 to 8.25 s", 10, 1.0),
    ]


def test_few_values_are_slices_of_their_own_and_a_column_of_one_is_none():
    videos = manifest(fps=[25.0] * 10 + [29.97] * 20, width=[320] * 25 + [100] * 5)
    parts = found(videos, [False] * 10 + [True] * 20)
    assert {part[:3] for part in parts} == {
        ("frame rate", "25 fps", 10),
        ("frame rate", "29.97 fps", 20),
        ("shorter side", "240 px", 25),
        ("shorter side", "100 px", 5),
    }
    assert parts[0][:2] == ("frame rate", "25 fps")


def test_many_equal_numbers_stay_together():
    shares = [0.0] * 20 + [0.125, 0.25, 0.25, 0.5, 0.5, 0.5, 0.5, 0.625, 0.75, 1.0]
    parts = found(manifest(blurred_share=shares), [True] * 30)
    assert {part[1:3] for part in parts} == {("0 %", 20), ("12.5 to 100 %", 10)}


def test_text_and_the_users_columns_are_taken_as_they_are():
    attributes = pd.DataFrame(
        {
            "camera": ["front"] * 10 + ["back"] * 15 + [""] * 3 + ["top"] * 2,
            "is_night": [True] * 6 + [False] * 24,
            "angle": [None] * 20 + [10.0] * 5 + [20.0] * 5,
        }
    )
    videos = manifest(video_codec=["h264"] * 24 + ["hevc"] * 6, has_audio=[True] * 15 + [False] * 15)
    parts = {part[:3] for part in found(videos, [True] * 30, attributes)}
    assert parts == {
        ("codec", "h264", 24),
        ("codec", "hevc", 6),
        ("audio", "yes", 15),
        ("audio", "no", 15),
        ("camera", "front", 10),
        ("camera", "back", 15),  # top has too few videos
        ("is_night", "True", 6),
        ("is_night", "False", 24),
        ("angle", "10", 5),
        ("angle", "20", 5),
    }


def test_a_small_unlucky_slice_does_not_come_before_a_large_bad_one():
    """Of one group nothing is known; half wrong of twelve groups is sure."""
    groups = ["a"] * 6 + [f"g{number // 2}" for number in range(24)]
    videos = manifest(group=groups, video_codec=["vp9"] * 6 + ["h264"] * 24)
    correct = [False] * 5 + [True] + [True, False] * 12
    first, last = measure_slices(videos, NOTHING, correct)
    assert (first.value, first.num_groups, first.accuracy) == ("h264", 12, 0.5)
    assert first.accuracy_interval_high < 0.9
    assert (last.value, last.accuracy_interval_low, last.accuracy_interval_high) == ("vp9", 0.0, 1.0)


@given(
    st.lists(
        st.tuples(st.floats(0.1, 100), st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from(["a", "b", ""])),
        min_size=1,
        max_size=40,
    )
)
def test_no_video_is_in_two_slices_of_a_column(rows):
    seconds, shares, cameras = zip(*rows, strict=True)
    videos = manifest(len(rows), duration_seconds=seconds, dark_share=shares)
    parts = measure_slices(videos, pd.DataFrame({"camera": cameras}), [True] * len(rows))
    for column in {part.column for part in parts}:
        sizes = [part.num_videos for part in parts if part.column == column]
        assert len(sizes) <= 3
        assert min(sizes) >= MIN_VIDEOS
        assert sum(sizes) <= len(rows)


def test_a_slice_of_nearly_all_videos_says_nothing():
    assert found(manifest(dark_share=[0.0] * 26 + [0.5] * 4), [True] * 30) == []


def test_the_note_tells_how_many_were_looked_at():
    assert slices_note(24).startswith("24 slices were looked at")
