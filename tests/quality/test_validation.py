import json

import pandas as pd
import pytest
from hashed_scenes import copied, manifest_row, moving_scene

from sora.quality.findings import Finding
from sora.quality.release import Release
from sora.quality.validation import summarise, validate_set

SEVERITY = {
    "readable": "quarantine",
    "unique": "quarantine",
    "not_black": "quarantine",
    "not_dark": "warn",
    "no_copies_across_splits": "quarantine",
    "no_copies_within_split": "warn",
    "one_label": "quarantine",
    "groups_in_one_split": "fail",
    "balanced_classes": "warn",
    "no_confounds": "warn",
}
SCENE = moving_scene(0, 0)
BLACK = Finding("not_black", "is black", "walk/black.mp4")
RELEASE = Release("walk/black.mp4", "at night", "anna")


def video(path: str, split: str, place: int, pictures=None, **changes) -> dict:
    return manifest_row(
        path, moving_scene(place, 0) if pictures is None else pictures, **{"split": split, **changes}
    )


@pytest.fixture
def videos() -> pd.DataFrame:
    rows = [
        video("run/a.mp4", "train", 0, SCENE),
        video("run/b.mp4", "test", 1, copied(SCENE)),
        video("run/c.mp4", "train", 2),
        video("run/copy.mp4", "", 2, duplicate_of="run/c.mp4", content_hash="hash of run/c.mp4"),
        video("run/empty.mp4", "train", 3, num_frames_decoded=0, picture_hashes="", motion_hashes=""),
        video("walk/black.mp4", "train", 4),
        video("walk/d.mp4", "train", 5),
        video("walk/e.mp4", "test", 6),
    ]
    return pd.DataFrame(rows)


FOUND = [
    Finding("unique", "is the same file as run/c.mp4", "run/copy.mp4"),
    Finding("readable", "is empty", "run/empty.mp4"),
    BLACK,
    Finding("not_dark", "is dark", "walk/black.mp4"),
    Finding("not_dark", "is dark", "walk/d.mp4"),
]


def report_of(videos: pd.DataFrame, released=None, **changes) -> dict:
    validation = validate_set(
        videos,
        FOUND,
        {**SEVERITY, **changes},
        released or {},
        max_class_ratio=10,
        max_confound_gain=0.1,
        seed=0,
    )
    report = summarise(videos, validation, [], released or {})
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    return report


def test_what_is_set_aside_and_what_goes_on(videos: pd.DataFrame):
    report = report_of(videos)
    assert report["quarantined"] == {
        "run/a.mp4": ["shows the same footage as run/b.mp4 of the test videos"],
        "run/copy.mp4": ["is the same file as run/c.mp4"],
        "run/empty.mp4": ["is empty"],
        "walk/black.mp4": ["is black"],
    }
    assert (report["num_videos"], report["num_valid"], report["num_quarantined"]) == (8, 4, 4)
    assert report["lost_share"] == round(2 / 7, 4)  # copies lose nothing
    assert report["warnings"] == [{"rule": "not_dark", "reason": "is dark", "path": "walk/d.mp4"}]
    assert report["groups_per_label"] == {"run": 2, "walk": 2}
    assert report["class_balance"] == {
        "counts": {"run": {"test": 1, "train": 1}, "walk": {"test": 1, "train": 1}},
        "ratio": 1.0,
    }
    assert [(pair["path"], pair["other"], pair["kind"]) for pair in report["near_duplicates"]] == [
        ("run/copy.mp4", "run/c.mp4", "exact"),
        ("run/a.mp4", "run/b.mp4", "near"),
    ]
    assert (report["failures"], report["released"]) == ([], {})


def test_a_released_video_goes_on_with_its_reason(videos: pd.DataFrame):
    report = report_of(videos, {"walk/black.mp4": RELEASE})
    assert "walk/black.mp4" not in report["quarantined"]
    assert report["released"] == {
        "walk/black.mp4": {"reason": "at night", "by": "anna", "findings": ["is black"]}
    }
    assert report["num_valid"] == 5


def test_a_copy_of_what_is_set_aside_stays(videos: pd.DataFrame):
    """The copy in test is black: then the one in train is no leak."""
    changed = videos.replace({"path": {"run/b.mp4": "walk/black.mp4", "walk/black.mp4": "run/b.mp4"}})
    assert "run/a.mp4" not in report_of(changed)["quarantined"]


def test_severities_decide(videos: pd.DataFrame):
    report = report_of(videos, no_copies_across_splits="warn", not_dark="fail")
    assert "run/a.mp4" not in report["quarantined"]
    assert {row["rule"] for row in report["warnings"]} == {"no_copies_across_splits"}
    assert [row["path"] for row in report["failures"]] == ["walk/black.mp4", "walk/d.mp4"]


def test_a_group_on_both_sides_is_a_failure(videos: pd.DataFrame):
    videos.loc[videos["label"] == "walk", "group"] = "g1"
    (failure,) = report_of(videos)["failures"]
    assert failure["reason"] == "group g1 is in 2 splits: walk/d.mp4 in train, walk/e.mp4 in test"


def test_confounds_are_reported_with_their_columns(videos: pd.DataFrame):
    many = [
        video(f"{label}/{number}.mp4", "train", round(100 * fps) + number, fps=fps)
        for label, fps in (("run", 25.0), ("walk", 30.0))
        for number in range(12)
    ]
    found = report_of(pd.DataFrame(many))
    assert found["confounds"]["accuracy"] == 1.0
    assert found["confounds"]["telling_columns"] == ["fps"]
    assert found["warnings"][-1]["rule"] == "no_confounds"
    assert report_of(videos)["confounds"]["telling_columns"] == []


def test_nothing_left_is_a_report_too(videos: pd.DataFrame):
    report = report_of(videos.iloc[4:5])
    assert (report["num_valid"], report["confounds"], report["class_balance"]["ratio"]) == (0, None, None)
    assert report["lost_share"] == 1.0
