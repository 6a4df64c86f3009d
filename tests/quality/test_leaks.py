import pandas as pd
from hashed_scenes import copied, manifest_row, moving_scene

from sora.quality.leaks import copy_findings, exact_pairs, group_findings, label_findings, near_pairs


def video(path: str, pictures=None, **changes) -> dict:
    if changes.get("duplicate_of"):
        changes["content_hash"] = f"hash of {changes['duplicate_of']}"
    return manifest_row(
        path, moving_scene(sum(path.encode()), 0) if pictures is None else pictures, **changes
    )


SCENE = moving_scene(1, 0)


def test_of_two_copies_across_splits_the_one_that_is_not_tested_on_is_to_lose():
    train = video("walk/a.mp4", SCENE, split="train")
    test = video("walk/b.mp4", copied(SCENE, mirrored=True, skip=4), split="test")
    for rows in ([train, test], [test, train]):
        (pair,) = near_pairs(pd.DataFrame(rows))
        assert (pair.path, pair.other, pair.kind) == ("walk/a.mp4", "walk/b.mp4", "near")
        assert (pair.split, pair.other_split) == ("train", "test")
        (finding,) = copy_findings([pair])
        assert (finding.rule, finding.path) == ("no_copies_across_splits", "walk/a.mp4")
        assert (
            finding.reason == "shows the same footage as walk/b.mp4 of the test videos (mirrored, 1 s later)"
        )


def test_val_gives_way_to_test_and_train_to_val():
    rows = [
        video("walk/a.mp4", SCENE, split="val"),
        video("walk/b.mp4", copied(SCENE), split="test"),
        video("walk/c.mp4", copied(SCENE, noise=3), split="train"),
    ]
    findings = copy_findings(near_pairs(pd.DataFrame(rows)))
    assert sorted((finding.path, finding.reason.split()[-5]) for finding in findings) == [
        ("walk/a.mp4", "walk/b.mp4"),
        ("walk/c.mp4", "walk/a.mp4"),
        ("walk/c.mp4", "walk/b.mp4"),
    ]


def test_copies_within_a_split_count_across_groups_only():
    one, other = video("walk/a.mp4", SCENE, group="g1"), video("walk/b.mp4", copied(SCENE), group="g2")
    (finding,) = copy_findings(near_pairs(pd.DataFrame([one, other])))
    assert (finding.rule, finding.path) == ("no_copies_within_split", "walk/b.mp4")
    assert finding.reason == "shows the same footage as walk/a.mp4, of another group"
    assert copy_findings(near_pairs(pd.DataFrame([one, {**other, "group": "g1"}]))) == []


def test_equal_files_are_exact_pairs_and_no_near_ones():
    rows = pd.DataFrame(
        [
            video("walk/a.mp4", SCENE, split="test"),
            video("walk/b.mp4", SCENE, split="", duplicate_of="walk/a.mp4"),
            video("walk/c.mp4"),
        ]
    )
    (pair,) = exact_pairs(rows)
    assert (pair.path, pair.other, pair.kind, pair.split, pair.other_split) == (
        "walk/b.mp4",
        "walk/a.mp4",
        "exact",
        "",
        "test",
    )
    assert near_pairs(rows) == []
    assert copy_findings([pair]) == []  # the rule of equal files sees to it


def test_a_copy_of_equal_bytes_explains_why_its_sibling_looks_alike(monkeypatch):
    rows = [
        video("walk/a.mp4", moving_scene(1, 0), group="g2"),
        video("walk/b.mp4", moving_scene(1, 0), group="g1", duplicate_of="walk/a.mp4"),
        video("walk/c.mp4", moving_scene(1, 1), group="g1"),
    ]
    for module, name in (("alignment", "MAX_{}_BITS"), ("duplicates", "_KEY_{}_BITS")):  # siblings match
        for what in ("PICTURE", "MOTION"):
            monkeypatch.setattr(f"sora.quality.{module}.{name.format(what)}", 63)
    assert near_pairs(pd.DataFrame([rows[0], rows[2]])) != []
    assert near_pairs(pd.DataFrame(rows)) == []


def test_two_labels_of_one_footage_are_found_on_both_videos():
    rows = [
        video("run/a.mp4", SCENE, label="run"),
        video("walk/a.mp4", SCENE, label="walk", duplicate_of="run/a.mp4"),
        video("wave/b.mp4", copied(SCENE), label="wave", split="test"),
        video("wave/c.mp4", label="wave"),
    ]
    exact = exact_pairs(pd.DataFrame(rows[:2]))
    assert [(f.path, f.reason) for f in label_findings(exact)] == [
        ("walk/a.mp4", "is the same file as run/a.mp4, which is labelled run"),
        ("run/a.mp4", "is the same file as walk/a.mp4, which is labelled walk"),
    ]
    near = near_pairs(pd.DataFrame([rows[0], rows[2], rows[3]]))
    assert [(f.path, f.reason) for f in label_findings(near)] == [
        ("run/a.mp4", "shows the same footage as wave/b.mp4, which is labelled wave"),
        ("wave/b.mp4", "shows the same footage as run/a.mp4, which is labelled run"),
    ]


def test_groups_stay_in_one_split():
    rows = pd.DataFrame(
        [
            {"path": "a1.mp4", "group": "a", "split": "train"},
            {"path": "a2.mp4", "group": "a", "split": "test"},
            {"path": "a3.mp4", "group": "a", "split": "train"},
            {"path": "b1.mp4", "group": "b", "split": "train"},
            {"path": "b2.mp4", "group": "b", "split": ""},
        ]
    )
    (finding,) = group_findings(rows)
    assert (finding.path, finding.rule) == ("", "groups_in_one_split")
    assert finding.reason == "group a is in 2 splits: a1.mp4 in train, a2.mp4 in test"
    assert group_findings(rows[rows["group"] == "b"]) == []
