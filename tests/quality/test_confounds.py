import numpy as np
import pandas as pd
import pytest

from sora.quality.confounds import measure_confounds, metadata_table

LABELS = ["clap", "jump", "run", "wave"]


def videos_of(num_groups: int, fps_of: dict[str, float], seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = [
        {
            "path": f"{label}/g{group}_{take}.mp4",
            "file": f"{label}/g{group}_{take}.mp4",
            "start_seconds": np.nan,
            "end_seconds": np.nan,
            "label": label,
            "group": f"g{group}",
            "fps": fps_of.get(label, 25.0),
            "duration_seconds": rng.uniform(2, 9),
            "width": int(rng.choice([320, 640])),
            "height": 240,
            "rotation": 0,
            "has_audio": bool(rng.integers(2)),
            "is_variable_rate": False,
            "size_bytes": int(rng.integers(10_000, 900_000)),
            "video_codec": str(rng.choice(["h264", "hevc"])),
        }
        for label in LABELS
        for group in range(num_groups)
        for take in range(3)
    ]
    return pd.DataFrame(rows)


def measure(videos: pd.DataFrame, seed: int = 0):
    return measure_confounds(metadata_table(videos), list(videos["label"]), list(videos["group"]), seed)


def test_a_frame_rate_that_goes_with_a_label_is_named():
    found = measure(videos_of(8, {"run": 30.0}))
    assert found.chance == 0.25
    assert found.together.accuracy > 0.4
    assert found.telling(0.1) == ["fps"]
    (finding,) = found.findings(0.1)
    assert finding.reason.startswith("metadata alone names the right label for ")
    assert "where chance is 25 % (fps 50 %)" in finding.reason
    assert found == measure(videos_of(8, {"run": 30.0}))


@pytest.mark.parametrize("seed", range(6))
def test_metadata_that_say_nothing_raise_no_alarm(seed: int):
    found = measure(videos_of(6, {}, seed), seed)
    assert found.findings(0.1) == []
    assert found.telling(0.1) == []


@pytest.mark.parametrize("seed", range(6))
def test_videos_of_one_group_are_one_witness(seed: int):
    """Each group has a size of its own, dealt out by luck: many videos of it prove no more than one."""
    videos = videos_of(3, {})
    groups = videos["label"] + videos["group"]
    names = sorted(set(groups))
    widths = np.random.default_rng(seed).permutation(len(names)) * 16 + 160
    alike = videos.assign(
        width=groups.map(dict(zip(names, widths, strict=True))),
        duration_seconds=3.0,
        has_audio=False,
        video_codec="h264",
        size_bytes=1000,
        group=groups,
    )
    assert measure(alike).findings(0.1) == []


def test_it_needs_two_labels_with_two_groups_each():
    videos = videos_of(3, {})
    assert measure(videos[videos["label"] == "run"]) is None
    assert measure(videos[(videos["label"] == "run") | (videos["group"] == "g0")]) is None
    assert measure(videos.iloc[:0]) is None


def test_constant_metadata_are_chance():
    videos = videos_of(4, {}).assign(
        duration_seconds=2.0, width=320, has_audio=True, size_bytes=1000, video_codec="h264"
    )
    found = measure(videos)
    assert (found.together.accuracy, found.together.p_value, found.columns) == (0.25, 1.0, {})


def test_parts_do_not_give_themselves_away():
    videos = videos_of(8, {})
    is_part = videos["label"] == "run"
    parts = videos.assign(
        path=videos["path"].where(~is_part, videos["path"] + "#t=0,2"),
        start_seconds=videos["start_seconds"].where(~is_part, 0.0),
    )
    table = metadata_table(parts)
    assert (table["bitrate_kbps"] == 0).tolist() == is_part.tolist()
    assert set(table["container"]) == {0}
