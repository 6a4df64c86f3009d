import csv
from pathlib import Path

import numpy as np
import pytest
from hashed_scenes import copied, hashed, moving_scene
from planted_copies import plant

from sora.quality import duplicates
from sora.quality.alignment import Alignment
from sora.quality.duplicates import NearDuplicate, find_near_duplicates, without_siblings
from sora.video.fingerprint import Fingerprint, from_hex
from sora.video.probe import probe

SAME_FOOTAGE = {"WalkingWithDog/v_WalkingWithDog_g05_c01.avi", "WalkingWithDog/v_WalkingWithDog_g12_c01.avi"}


@pytest.mark.parametrize("block", [1, 1 << 22])
def test_copies_are_found_among_takes_of_the_same_scenes(monkeypatch: pytest.MonkeyPatch, block: int):
    monkeypatch.setattr(duplicates, "_BLOCK", block)
    takes = [moving_scene(place, take) for place in range(6) for take in range(3)]
    copies = [copied(takes[4]), copied(takes[9], mirrored=True), copied(takes[0], skip=8)]
    found = find_near_duplicates([hashed(pictures) for pictures in takes + copies])
    assert [(pair.first, pair.second, pair.is_mirrored) for pair in found] == [
        (0, 20, False),
        (4, 18, False),
        (9, 19, True),
    ]
    assert [pair.alignment.shift_seconds for pair in found] == [-2, 0, 0]


def test_nothing_and_black_videos_have_no_copies():
    assert find_near_duplicates([]) == []
    black = hashed(np.zeros((20, 32, 32)))
    none = Fingerprint(1 / 32, np.zeros(0, np.uint64), np.zeros(0, np.uint64))
    assert find_near_duplicates([black, black, none, none]) == []


def test_a_sibling_of_the_copied_video_is_left_out():
    def pair(first: int, second: int, bits: float) -> NearDuplicate:
        return NearDuplicate(first, second, False, Alignment(bits, 0.0, 0.0))

    original, sibling, copy, equal_copy = range(4)
    found = [
        pair(original, sibling, 7),
        pair(original, copy, 2),
        pair(original, equal_copy, 2.5),
        pair(sibling, copy, 6),
    ]
    assert without_siblings(found, ["a", "a", "b", "b"]) == found[:3]
    assert without_siblings(found, ["a", "c", "b", "b"]) == found


@pytest.mark.slow
def test_planted_copies_are_found_and_hardly_anything_else(shared: Path, tmp_path: Path):
    planted = plant(shared / "ucf101-6", tmp_path / "planted", seed=11)
    with (planted.folder / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    facts = [probe(planted.folder / row["path"]) for row in rows]
    found = find_near_duplicates(
        [
            Fingerprint(f.hash_step_seconds, from_hex(f.picture_hashes), from_hex(f.motion_hashes))
            for f in facts
        ]
    )
    # UCF101 names groups within each class.
    groups = [f"{row['label']} {row['group']}" for row in rows]
    pairs = {
        (rows[pair.first]["path"], rows[pair.second]["path"])
        for pair in without_siblings(found, groups)
        if groups[pair.first] != groups[pair.second]
    }
    true = {(original, copy) for copy, original in planted.original_of.items()}
    assert len(pairs & true) >= 18
    # Two clips of different groups do show the same walk, and so do their copies.
    false = [
        pair for pair in pairs - true if not {planted.original_of.get(p, p) for p in pair} <= SAME_FOOTAGE
    ]
    assert len(false) <= 2, false
