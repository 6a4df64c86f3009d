import pandas as pd

from sora.report.data_sheet import data_sheet


def video(**changes) -> dict:
    facts = {"group": "a", "duration_seconds": 2.0, "size_bytes": 500_000, "width": 320, "height": 240}
    return {**facts, "fps": 25.0, "video_codec": "h264", "has_audio": False, **changes}


def test_the_sheet_tells_ranges_and_the_most_frequent_values():
    others = [
        video(group="b", duration_seconds=90.0, fps=29.97, has_audio=True),
        video(width=1920, height=1080),
    ]
    sheet = dict(data_sheet(pd.DataFrame([video(), video(), *others])))
    assert sheet == {
        "Videos": "4 of 2 groups",
        "Duration": "1.6 min in all; 2 s to 1.5 min, median 2 s",
        "Files": "2 MB in all",
        "Picture": "320 × 240 px (3) and 1920 × 1080 px (1)",
        "Frames": "25 a second (3) and 29.97 a second (1)",
        "Codec": "h264",
        "Sound": "25\N{NO-BREAK SPACE}% of the videos",
    }


def test_rare_values_are_counted_together():
    rows = [video(video_codec=name) for name in "aabcdef"]
    assert dict(data_sheet(pd.DataFrame(rows)))["Codec"] == "a (2), b (1), c (1), d (1) and 2 more"


def test_no_video_no_sheet():
    assert data_sheet(pd.DataFrame(columns=list(video()))) == []
