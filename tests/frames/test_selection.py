import hashlib
from dataclasses import replace

import numpy as np
from clip_specs import PLAIN
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sora.frames import selection
from sora.frames.selection import (
    blurred_frames,
    describe_reasons,
    drop_reasons,
    duplicate_frames,
    frozen_frames,
    still_ends,
)
from sora.frames.survey import Survey

GOLDEN = (1, "63616c148fa5bf9f")
NOTHING = PLAIN.selection
STRICT = replace(
    NOTHING,
    min_brightness=0.2,
    max_brightness=0.9,
    static_change=3.0,
    frozen_seconds=0.3,
    drop_duplicates=True,
    min_relative_sharpness=0.5,
    max_speed=1.0,
)


def surveys(count: int = 30) -> st.SearchStrategy[Survey]:
    def column(high: float) -> st.SearchStrategy[np.ndarray]:
        return arrays(np.float64, count, elements=st.floats(0, high) | st.sampled_from([0.0, high]))

    times = st.just(np.arange(count) / 10)
    return st.builds(Survey, times, column(1), column(500), column(20), column(60), column(3))


@given(surveys(), st.sampled_from([NOTHING, STRICT]))
def test_every_frame_has_a_known_reason_or_none_and_the_survey_stays(seen: Survey, spec):
    before = {name: values.copy() for name, values in vars(seen).items()}
    reasons = drop_reasons(seen, spec)
    known = {"", "dark", "over-exposed", "still", "frozen", "duplicate", "blurred", "too fast"}
    assert len(reasons) == len(seen.times)
    assert set(reasons) <= ({""} if spec is NOTHING else known)
    np.testing.assert_array_equal(reasons, drop_reasons(seen, spec))
    for name, values in before.items():
        np.testing.assert_array_equal(getattr(seen, name), values)


def test_each_reason_is_found_where_it_is():
    count = 12
    seen = Survey(
        times=np.arange(count) / 10,
        brightness=np.where(np.arange(count) == 4, 0.1, np.where(np.arange(count) == 5, 0.95, 0.5)),
        sharpness=np.where(np.arange(count) == 6, 40.0, 100.0),
        change=np.where(np.arange(count) == 8, 0.0, 5.0),
        local_change=np.where((np.arange(count) < 3) | (np.arange(count) > 10), 1.0, 9.0),
        speed=np.where(np.arange(count) == 7, 2.0, 0.5),
    )
    expected = [
        "still",
        "still",
        "",
        "",
        "dark",
        "over-exposed",
        "blurred",
        "too fast",
        "duplicate",
        "",
        "",
        "still",
    ]
    assert drop_reasons(seen, STRICT).tolist() == expected
    assert describe_reasons(expected) == "3 still, 1 dark, 1 over-exposed, 1 blurred, 1 too fast, 1 duplicate"


def test_only_still_ends_are_cut_and_a_still_video_is_left_alone():
    change = np.array([0, 0, 0, 9, 9, 0, 0, 9, 0, 0.0])
    assert still_ends(change, 3).nonzero()[0].tolist() == [0, 1, 8, 9]
    assert not still_ends(change, 0).any()
    assert not still_ends(np.zeros(5), 3).any()
    assert not still_ends(np.zeros(1), 3).any()


def test_a_frozen_picture_is_long_and_a_duplicate_short():
    times = np.arange(10) / 10
    change = np.array([0, 5, 0, 5, 0, 0, 0, 0, 5, 0.0])
    assert duplicate_frames(change).nonzero()[0].tolist() == [2, 4, 5, 6, 7, 9]
    assert frozen_frames(times, change, 0.3).nonzero()[0].tolist() == [4, 5, 6, 7]
    assert frozen_frames(times, change, 0.09).nonzero()[0].tolist() == [2, 4, 5, 6, 7, 9]
    assert not frozen_frames(times, change, 0).any()
    assert not frozen_frames(times, change, 1).any()


def test_blur_is_measured_against_the_video_itself():
    assert blurred_frames(np.array([10, 9, 4, 11.0]), 0.5).tolist() == [False, False, True, False]
    assert not blurred_frames(np.zeros(4), 0.5).any()


def test_golden():
    rng = np.random.default_rng(0)
    seen = Survey(np.arange(200) / 10, *(rng.uniform(0, high, 200) ** 2 for high in (1, 20, 4, 6, 1.2)))
    seen.change[50:60] = 0
    reasons = drop_reasons(seen, STRICT)
    digest = hashlib.sha256(",".join(reasons).encode()).hexdigest()[:16]
    assert (selection.VERSION, digest) == GOLDEN, "changed output: raise VERSION and the digest"
