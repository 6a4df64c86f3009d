import pandas as pd

from sora.quality.balance import balance_findings, groups_per_label, videos_per_label


def test_groups_are_counted_once_per_label():
    manifest = pd.DataFrame({"label": ["run", "walk", "walk", "walk"], "group": ["a", "a", "b", "b"]})
    assert groups_per_label(manifest) == {"run": 1, "walk": 2}


def test_videos_are_counted_by_label_and_split():
    videos = pd.DataFrame({"label": ["run", "walk", "walk"], "split": ["test", "train", "train"]})
    assert videos_per_label(videos) == {"run": {"test": 1, "train": 0}, "walk": {"test": 0, "train": 2}}
    assert videos_per_label(videos.iloc[:0]) == {}


def test_the_largest_label_may_not_dwarf_the_smallest():
    counts = {"run": {"train": 2, "test": 1}, "walk": {"train": 10, "test": 5}, "wave": {"train": 4}}
    assert balance_findings(counts, max_ratio=5) == []
    (finding,) = balance_findings(counts, max_ratio=4.9)
    assert finding.path == ""
    assert finding.reason == "label walk has 15 videos and run has 3, at most 4.9 times as many expected"
    assert balance_findings({}, max_ratio=2) == []
