import numpy as np
from clip_specs import clip_spec
from live_fakes import live_frame

from sora.live.ring import RecentFrames, Ring, segment_reach


def pushed(num_segments: int, *values: float | None) -> Ring:
    ring = Ring(num_segments)
    for value in values:
        ring.push(None if value is None else np.array([value], np.float32))
    return ring


def values(ring: Ring) -> list[float] | None:
    clip = ring.clip()
    return None if clip is None else clip[:, 0].tolist()


def test_a_full_ring_has_the_last_moments_in_order():
    ring = pushed(3, 1, 2, 3, 4, 5)
    assert ring.is_full
    assert values(ring) == [3, 4, 5]


def test_a_ring_that_is_not_full_spreads_what_there_is_as_a_short_video_would():
    ring = pushed(5, 1, 2)
    assert not ring.is_full
    assert values(ring) == [1, 1, 1, 2, 2]
    ring.clear()
    assert ring.is_empty
    assert values(ring) is None


def test_badly_exposed_moments_keep_their_time_and_others_take_their_place():
    ring = pushed(4, 1, None, 3, None)
    assert ring.is_full
    assert values(ring) == [1, 1, 3, 3]
    assert values(pushed(2, 1, None, None)) is None


def test_a_segment_ends_with_the_newest_frame_at_the_interval_of_the_clip():
    recent = RecentFrames(clip_spec(frames_per_segment=3, frame_interval_seconds=0.08))
    for number in range(1, 40):
        recent.add(live_frame(number, fps=25))
    assert recent.segment()[:, 0, 0, 0].tolist() == [35, 37, 39]


def test_a_segment_never_spans_missing_frames_or_two_connections():
    for change in ({"number": 30}, {"number": 21, "connection": 2}):
        recent = RecentFrames(clip_spec())
        for number in range(1, 21):
            recent.add(live_frame(number))
        recent.add(live_frame(**change))
        assert recent.segment()[:, 0, 0, 0].tolist() == [change["number"]] * 2
        recent.add(live_frame(**{**change, "number": change["number"] + 1}))
        assert np.diff(recent.segment()[:, 0, 0, 0]).tolist() == [1]


def test_enough_frames_are_kept_for_a_segment_at_60_frames_per_second():
    spec = clip_spec(frames_per_segment=4, frame_interval_seconds=0.04)
    assert segment_reach(spec) == 8
    recent = RecentFrames(spec)
    for number in range(1, 100):
        recent.add(live_frame(number, fps=60))
    assert recent.segment()[:, 0, 0, 0].tolist() == [93, 95, 97, 99]
