from collections import Counter

import pytest

from sora.demo.actions import ACTIONS
from sora.demo.faults import KINDS, plan_faults
from sora.demo.plan import Settings, plan_clips
from sora.errors import SoraError


def test_default_plan_has_160_clips_under_names_of_their_own():
    clips = plan_clips(Settings())
    paths = {clip.path for clip in clips} | {fault.path for fault in plan_faults(Settings(), clips)}
    assert len(clips) == 160
    assert len(paths) == 160 + len(KINDS)


@pytest.mark.parametrize("settings", [Settings(), Settings(7, 3, 4), Settings(1, 1, 1)])
def test_within_any_actor_metadata_says_nothing_of_the_action(settings):
    clips = plan_clips(settings)
    for actor in range(settings.num_actors):
        used = {action: Counter() for action in ACTIONS}
        for clip in clips:
            if clip.actor == actor:
                used[clip.action][clip.recording] += 1
        assert all(recordings == used["walk"] for recordings in used.values())
        assert used["walk"].total() == settings.clips_per_action


def test_takes_do_not_fix_the_recording():
    first_takes = {clip.recording for clip in plan_clips(Settings()) if (clip.actor, clip.take) == (0, 0)}
    assert len(first_takes) == 2


def test_recordings_are_spread_evenly():
    recordings = [clip.recording for clip in plan_clips(Settings(3, 20, 2)) if clip.action == "walk"]
    assert set(Counter(recording.fps for recording in recordings).values()) == {10}
    assert set(Counter((r.width_px, r.height_px) for r in recordings).values()) == {8}
    assert set(Counter((r.container, r.video_codec) for r in recordings).values()) == {5}
    assert Counter(bool(recording.audio_codec) for recording in recordings) == {True: 20, False: 20}


def test_faults_belong_to_planned_actors():
    for settings in (Settings(), Settings(0, 1, 1)):
        clips = plan_clips(settings)
        groups = {clip.group for clip in clips}
        assert {fault.group for fault in plan_faults(settings, clips)} <= groups


def test_useless_settings_are_refused():
    with pytest.raises(SoraError, match="num_actors must be 1 or more, not 0"):
        Settings(num_actors=0)
