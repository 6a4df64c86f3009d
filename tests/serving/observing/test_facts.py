"""What a file says of itself is what decoding finds, so that both can be compared."""

from dataclasses import asdict

import pytest
from bundles import write_video
from coded_clips import write_coded

from sora.drift.facts import watched_facts
from sora.errors import VideoError
from sora.serving.observing.facts import declared
from sora.video.probe import declared_seconds, probe


@pytest.mark.parametrize("name", ["clip.mp4", "clip.avi", "clip.mkv"])
def test_facts_are_those_of_the_probe(tmp_path, name):
    for video in (write_video(tmp_path / name), write_coded(tmp_path / f"coded-{name}", 30)):
        told = declared(video)
        found = watched_facts(asdict(probe(video)), video.stat().st_size)
        assert told.facts.items() <= found.items()
        assert {"fps", "video_codec", "has_audio", "duration_seconds", "bitrate_kbps"} == told.facts.keys()
        assert told.seconds == declared_seconds(video)


def test_what_is_no_video_is_refused(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"nothing")
    with pytest.raises(VideoError, match="not a readable video"):
        declared(tmp_path / "a.mp4")
