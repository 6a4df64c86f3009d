import pytest
from coded_clips import read_index, write_coded
from live_fakes import crash
from live_servers import Played, rtsp_server

from sora.errors import VideoError
from sora.live import connection
from sora.live.connection import frames_from_child
from sora.video.live import source_of
from sora.video.recording import even_size


def never() -> bool:
    return False


def test_frames_come_out_of_the_child_as_they_went_in(tmp_path):
    video = write_coded(tmp_path / "clip.mp4", 12)
    found = list(frames_from_child(source_of(str(video)), [even_size], 60, never))
    assert [read_index(frame.pictures[0]) for frame in found] == list(range(1, 13))


def test_errors_of_the_child_are_raised_here(tmp_path):
    with pytest.raises(VideoError, match="no such file"):
        next(frames_from_child(source_of(str(tmp_path / "none.mp4")), [even_size], 60, never))


def test_a_decoder_that_dies_is_an_error_with_its_exit_code(tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "_read", crash)
    with pytest.raises(VideoError, match=r"crashed the decoder \(exit code -11\)"):
        next(frames_from_child(source_of("clip.mp4"), [even_size], 60, never))


def test_a_source_that_falls_silent_is_lost(tmp_path):
    video = write_coded(tmp_path / "clip.ts", 30, options={"g": "5", "bf": "0"})
    with rtsp_server(Played(video.read_bytes(), falls_silent=True)) as address:
        frames = frames_from_child(source_of(address), [even_size], 2, never)
        with pytest.raises(VideoError, match="no frame for 2 s"):
            list(frames)


def test_who_stops_waits_for_no_frame(tmp_path):
    video = write_coded(tmp_path / "clip.ts", 30, options={"g": "5", "bf": "0"})
    with rtsp_server(Played(video.read_bytes(), falls_silent=True)) as address:
        assert len(list(frames_from_child(source_of(address), [even_size], 1e9, lambda: True))) <= 30
