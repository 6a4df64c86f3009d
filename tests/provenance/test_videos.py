"""What a model saw, on small tables."""

import pandas as pd

from sora.provenance.videos import counts, of_files, seen_videos, with_ancestor
from sora.sources.videos import part_hash
from sora.video.read import Window

PART = Window(1.5, 3.0)
FILES = {name: f"{number:064x}" for number, name in enumerate(("a", "b", "c", "d"), start=1)}
MANIFEST = pd.DataFrame(
    {
        "path": ["a.mp4", "b.mp4", "c.mp4", "d.mp4#t=1.5,3", "e.txt"],
        "file": ["v/a.mp4", "v/b.mp4", "v/c.mp4", "v/d.mp4", "v/e.txt"],
        "label": ["walk", "walk", "jump", "jump", "jump"],
        "content_hash": [FILES["a"], FILES["b"], FILES["c"], part_hash(FILES["d"], PART), ""],
    }
)
SPLITS = pd.DataFrame({"path": MANIFEST["path"][:4], "split": ["train", "test", "train", "val"]})
FEATURES = pd.DataFrame(
    {"path": ["a.mp4", "a.mp4", "b.mp4", "d.mp4#t=1.5,3"], "view": [0, 1, 0, 0], "reason": [""] * 4}
)
OUTCOMES = pd.DataFrame(
    {
        "path": MANIFEST["path"],
        "outcome": ["ok", "ok", "skipped", "ok", "skipped"],
        "reason": ["", "", "too dark", "", "is not a video by its name"],
    }
)


def seen() -> pd.DataFrame:
    return seen_videos(MANIFEST, SPLITS, FEATURES, OUTCOMES)


def test_each_video_has_one_role_and_what_is_no_video_has_none():
    rows = seen()[["path", "role", "num_views", "reason"]].values.tolist()
    assert rows == [
        ["a.mp4", "train", 2, ""],
        ["b.mp4", "test", 0, ""],
        ["c.mp4", "set aside", 0, "too dark"],
        ["d.mp4#t=1.5,3", "val", 1, ""],
    ]
    assert counts(seen()) == {"train": 1, "val": 1, "test": 1, "set aside": 1, "of ancestors": 0}


def test_a_file_is_found_by_its_content_and_so_are_its_parts():
    assert list(of_files(seen(), frozenset({FILES["a"]}))["path"]) == ["a.mp4"]
    assert list(of_files(seen(), frozenset({FILES["d"]}))["path"]) == ["d.mp4#t=1.5,3"]
    assert of_files(seen(), frozenset()).empty


def test_what_an_ancestor_learned_is_seen_through_it_and_what_judged_it_is_not():
    own = seen()
    before = own.assign(content_hash=["x" * 64, FILES["b"], "y" * 64, "z" * 64])
    older = before.iloc[:1].assign(content_hash="o" * 64, through="first")
    both = with_ancestor(own, pd.concat([before, older]), "second")
    more = both[len(own) :]
    assert list(zip(more["content_hash"].str[0], more["through"], strict=True)) == [
        ("x", "second"),
        ("z", "second"),
        ("o", "first"),
    ]
    assert len(with_ancestor(own, own, "second")) == len(own)
