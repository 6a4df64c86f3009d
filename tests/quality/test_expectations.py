from dataclasses import asdict, replace

import pandas as pd
import pytest

from sora.quality.expectations import Limits, check_videos
from sora.video.probe import VideoFacts

LIMITS = Limits(
    min_frames=8,
    min_decoded_share=0.9,
    min_size_px=32,
    min_fps=5,
    max_fps=120,
    min_duration_seconds=0.5,
    max_duration_seconds=60,
    max_black_share=0.5,
    max_dark_share=0.9,
    max_overexposed_share=0.5,
    max_blurred_share=0.5,
    max_frozen_share=0.8,
    max_frozen_seconds=3,
    video_codecs=(),
    audio="any",
)
GOOD = VideoFacts(
    num_frames_declared=50,
    num_frames_decoded=50,
    width=64,
    height=48,
    fps=10,
    duration_seconds=5,
    decoded_share=1,
    video_codec="h264",
)


def reasons(checked):
    """Path to reasons."""
    return {
        path: [finding.reason for finding in checked.findings if finding.path == path]
        for path in dict.fromkeys(finding.path for finding in checked.findings)
    }


def row(path, duplicate_of="", **changes):
    head = {"path": path, "label": "walk", "group": path, "content_hash": "00", "size_bytes": 9}
    return {**head, "duplicate_of": duplicate_of, **asdict(GOOD), **changes}


def manifest_of_faults():
    return pd.DataFrame(
        [
            row("walk/good.mp4"),
            row("walk/text.mp4", **asdict(VideoFacts(error="not a readable video (invalid data)"))),
            row(
                "walk/cut.mp4", num_frames_decoded=28, decoded_share=0.56, error="breaks after frame 28: cut"
            ),
            row("walk/copy.mp4", duplicate_of="walk/good.mp4"),
            row("walk/dark.mp4", black_share=1.0, frozen_share=1.0),
            row("walk/white.mp4", overexposed_share=0.625),
            row("walk/soft.mp4", blurred_share=0.75, dark_share=0.95, longest_frozen_seconds=3.5),
            row("walk/tiny.mp4", width=64, height=16),
            row("walk/slow.mp4", fps=2.5, num_frames_decoded=5, duration_seconds=90.0),
        ],
        index=[5] * 9,  # a row's index says nothing of its position
    )


EXPECTED = {
    "walk/text.mp4": ["not a readable video (invalid data)"],
    "walk/cut.mp4": ["decodes only 56 % of its 5.0 s (breaks after frame 28: cut), at least 90 % expected"],
    "walk/copy.mp4": ["is the same file as walk/good.mp4"],
    "walk/dark.mp4": [
        "is black in 100 % of its frames, at most 50 % expected",
        "stands still in 100 % of its frames, at most 80 % expected",
    ],
    "walk/white.mp4": ["is overexposed in 62.5 % of its frames, at most 50 % expected"],
    "walk/soft.mp4": [
        "is under-exposed in 95 % of its frames, at most 90 % expected",
        "is blurred in 75 % of its frames, at most 50 % expected",
        "stands still for 3.5 s in one go, at most 3 s expected",
    ],
    "walk/tiny.mp4": ["is 64 × 16 px, at least 32 px a side expected"],
    "walk/slow.mp4": [
        "has 5 frames, at least 8 expected",
        "lasts 90 s, 0.5 to 60 s expected",
        "has 2.5 frames per second, 5 to 120 expected",
    ],
}


def test_each_fault_gets_its_reason_quietly_and_the_docs_are_replaced(tmp_path, capfd):
    docs = tmp_path / "reports" / "docs"
    docs.mkdir(parents=True)
    (docs / "stale.html").write_text("old")
    manifest = manifest_of_faults()
    before = manifest.copy(deep=True)

    checked = check_videos(manifest, LIMITS, docs)

    assert reasons(checked) == EXPECTED
    counts = {row["name"]: row["num_unexpected"] for row in checked.expectations}
    assert counts == {
        "readable": 1,
        "unique": 1,
        "decodes_to_its_end": 1,
        "enough_frames": 1,
        "duration": 1,
        "frame_rate": 1,
        "large_enough": 1,
        "not_black": 1,
        "not_dark": 1,
        "not_overexposed": 1,
        "not_blurred": 1,
        "not_frozen": 1,
        "no_long_freeze": 1,
    }
    assert not any(row["success"] for row in checked.expectations)
    assert "Great Expectations" in (docs / "index.html").read_text()
    assert not (docs / "stale.html").exists()
    assert [path.name for path in docs.parent.iterdir()] == ["docs"]
    assert capfd.readouterr() == ("", "")
    pd.testing.assert_frame_equal(manifest, before)


def test_values_on_the_limits_pass_and_nulls_of_a_csv_mean_no_duplicate():
    on_the_limits = row(
        "a.mp4",
        duplicate_of=None,
        num_frames_decoded=8,
        decoded_share=0.9,
        height=32,
        fps=5.0,
        duration_seconds=60.0,
        black_share=0.5,
        frozen_share=0.8,
        error=None,
    )
    checked = check_videos(pd.DataFrame([on_the_limits]), LIMITS, None)
    assert checked.findings == []
    assert all(row["success"] and row["num_unexpected"] == 0 for row in checked.expectations)


def test_a_video_that_opens_but_decodes_no_frame_has_one_reason():
    facts = asdict(VideoFacts(num_frames_declared=50, fps=10, error="breaks after frame 0: no key frame"))
    checked = check_videos(pd.DataFrame([row("a.mp4", duplicate_of="b.mp4", **facts)]), LIMITS, None)
    assert reasons(checked) == {"a.mp4": ["not a readable video (breaks after frame 0: no key frame)"]}


def test_no_video_at_all_is_no_fault():
    assert check_videos(manifest_of_faults().iloc[:0], LIMITS, None).findings == []


def test_a_missing_fact_is_an_error_not_a_pass():
    manifest = pd.DataFrame([row("a.mp4"), row("b.mp4", fps=None)])
    with pytest.raises(ValueError, match=r"fps: .* \['b.mp4'\]"):
        check_videos(manifest, LIMITS, None)


def test_codec_and_audio_are_checked_when_asked_for():
    manifest = pd.DataFrame(
        [
            row("a.mp4", has_audio=True),
            row("b.avi", video_codec="mpeg4"),
            row("c.avi", **asdict(VideoFacts(error="is empty (0 bytes)"))),
        ]
    )
    asked = replace(LIMITS, video_codecs=("h264", "hevc"), audio="present")
    assert reasons(check_videos(manifest, asked, None)) == {
        "b.avi": ["is mpeg4 video, h264 or hevc expected", "has no audio"],
        "c.avi": ["not a readable video (is empty (0 bytes))"],
    }
    silent = check_videos(manifest, replace(LIMITS, audio="absent"), None)
    assert reasons(silent) == {
        "a.mp4": ["has audio, none expected"],
        "c.avi": ["not a readable video (is empty (0 bytes))"],
    }
