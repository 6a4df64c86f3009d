"""The work of one attempt, and what the next makes of it."""

import multiprocessing
from pathlib import Path

import pytest
from coded_clips import coded_picture, write_pictures

from sora.errors import VideoError
from sora.serving.jobs.job import CancelledError
from sora.serving.remaking import work
from sora.serving.remaking.wish import Wish
from sora.serving.remaking.work import remake
from sora.serving.settings import Limits

NUM_FRAMES, FIRST_PART = 130, 96


def attempt(job: Path, name: str) -> Path:
    (job / name).mkdir()
    link = job / name / "video.mp4"
    link.symlink_to("../video.mp4")
    return link


def test_an_attempt_goes_on_where_the_one_before_was_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(work, "_LOOK_SECONDS", 0.01)
    write_pictures(tmp_path / "video.mp4", [coded_picture(index, 64, 32) for index in range(NUM_FRAMES)])

    def end(share: float) -> None:
        if share * NUM_FRAMES > FIRST_PART:
            for process in multiprocessing.active_children():
                process.kill()

    wish, shares = Wish("enhance", 2), []
    with pytest.raises(VideoError, match=r"ended the process that worked on it \(exit code -9\)"):
        remake(attempt(tmp_path, "first"), wish, Limits(), end)
    told = remake(attempt(tmp_path, "second"), wish, Limits(), shares.append)
    assert min(share for share in shares if share) >= FIRST_PART / NUM_FRAMES
    assert told == {"width": 128, "height": 64, "num_frames": NUM_FRAMES, "files": ["enhanced.mp4"]}
    assert {path.name for path in tmp_path.glob("*/*")} == {"video.mp4", "enhanced.mp4", "lock"}


def test_what_nobody_wants_any_more_is_ended_and_what_is_no_video_is_named(tmp_path, monkeypatch):
    def leave(_: float) -> None:
        raise CancelledError

    video = attempt(tmp_path, "first")
    (tmp_path / "video.mp4").write_text("no video")
    with pytest.raises(VideoError, match="not a readable video"):
        remake(video, Wish("enhance", denoise=True), Limits(), lambda _: None)
    monkeypatch.setattr(work, "_LOOK_SECONDS", 0)
    before = multiprocessing.active_children()
    with pytest.raises(CancelledError):
        remake(video, Wish("enhance", denoise=True), Limits(), leave)
    assert set(multiprocessing.active_children()) <= set(before)
