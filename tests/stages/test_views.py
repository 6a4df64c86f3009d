"""Augmented views from clips to features, with a network of one layer in place of the backbone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from clip_specs import clip_spec, input_spec
from mean_networks import write_mean_network
from pictures import noise

from sora import layout
from sora.atomic import write_json
from sora.errors import SoraError
from sora.features import load_features
from sora.frames.augmentation import AugmentSpec
from sora.manifest import read_table, write_table
from sora.params import Runtime, Settings
from sora.stages import extract
from sora.stages.preprocess import clip_key
from sora.store import VideoStore
from sora.video.read import WHOLE, Window
from sora.video.write import write_clip

SPEC = clip_spec(image_size_px=32)
AUGMENT = AugmentSpec(10, True, [], 0.1, 0.1, 0.1, 0.1, 0.1, 10, 0.01, 0.1, 0.1)
INPUT = input_spec(SPEC)
ONE = extract.Params("efficientnet_lite0", "none", ["mean"], INPUT.streams, INPUT.descriptors, 1, AUGMENT)
SETTINGS = Settings(0, Runtime(1, 60, 2))
VIDEOS = [
    ("a.mp4", "walk", "train"),
    ("b.mp4", "run", "train"),
    ("c.mp4", "walk", "val"),
    ("d.mp4", "run", "test"),
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(extract, "_write_backbone", lambda *given: write_mean_network(32))
    clips = VideoStore(layout.CLIPS, ".mkv")
    paths, labels, splits = zip(*VIDEOS, strict=True)
    keys = [clip_key(path, WHOLE, SPEC) for path in paths]
    for number, key in enumerate(keys):
        write_clip(clips.path(key), noise((SPEC.num_frames, 32, 32, 3), number) // (number + 1))
    write_table(layout.CLIP_INDEX, pd.DataFrame({"path": paths, "key": keys, "reason": ""}))
    write_table(layout.VALIDATED, pd.DataFrame({"path": paths, "label": labels, "group": paths}))
    write_table(layout.SPLITS, pd.DataFrame({"path": paths, "split": splits}))
    write_json(layout.CLIP_SPEC, extract.asdict(SPEC))
    return tmp_path


def views_of(index: pd.DataFrame) -> dict[str, list[int]]:
    return {str(path): list(rows["view"]) for path, rows in index.groupby("path")}


def test_one_view_needs_no_splits(project: Path):
    layout.SPLITS.unlink()
    extract.run(ONE, SETTINGS)
    assert views_of(read_table(layout.FEATURE_INDEX)) == {path: [0] for path, *_ in VIDEOS}


def test_training_videos_alone_have_views_and_the_clean_ones_stay(project: Path):
    extract.run(ONE, SETTINGS)
    clean = {path: path.read_bytes() for path in layout.FEATURES.iterdir()}
    extract.run(replace(ONE, num_views=3), SETTINGS)
    index = read_table(layout.FEATURE_INDEX)
    assert views_of(index) == {"a.mp4": [0, 1, 2], "b.mp4": [0, 1, 2], "c.mp4": [0], "d.mp4": [0]}
    stored = {path: path.read_bytes() for path in layout.FEATURES.iterdir()}
    assert clean.items() <= stored.items()
    assert len(stored) == 8
    extract.run(replace(ONE, num_views=3), replace(SETTINGS, seed=1))
    assert len(clean.keys() & set(layout.FEATURES.iterdir())) == 4
    assert len(stored.keys() & set(layout.FEATURES.iterdir())) == 4, "another seed draws other views"


def test_views_are_rows_where_they_are_asked_for(project: Path):
    extract.run(replace(ONE, num_views=3), SETTINGS)
    plain, full = load_features(("train", "val")), load_features(("train", "val"), all_views=True)
    assert list(plain.videos["path"]) == ["a.mp4", "b.mp4", "c.mp4"]
    assert list(full.videos["path"]) == ["a.mp4"] * 3 + ["b.mp4"] * 3 + ["c.mp4"]
    np.testing.assert_array_equal(full.features[[0, 3, 6]], plain.features)
    assert len(np.unique(full.features.round(6), axis=0)) == 7
    assert list(full.of_split("train").videos["label"]) == ["walk"] * 3 + ["run"] * 3


def test_a_label_that_may_not_be_mirrored_changes_its_own_views_only(project: Path):
    extract.run(replace(ONE, num_views=2), SETTINGS)
    before = read_table(layout.FEATURE_INDEX)
    kept = replace(ONE, num_views=2, augment=replace(AUGMENT, no_flip_labels=["walk"]))
    extract.run(kept, SETTINGS)
    moved = before[before["key"] != read_table(layout.FEATURE_INDEX)["key"]]
    assert list(zip(moved["path"], moved["view"], strict=True)) == [("a.mp4", 1)]
    wrong = replace(ONE, num_views=2, augment=replace(AUGMENT, no_flip_labels=["hop"]))
    with pytest.raises(SoraError, match="no_flip_labels: no training video has the label 'hop'"):
        extract.run(wrong, SETTINGS)


def test_a_part_of_a_video_has_a_clip_of_its_own():
    parts = [WHOLE, Window(0.0, 2.0), Window(2.0, 4.0)]
    assert len({clip_key("hash", part, SPEC) for part in parts}) == 3
