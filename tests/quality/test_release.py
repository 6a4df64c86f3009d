from pathlib import Path

import pandas as pd
import pytest

from sora.errors import SoraError
from sora.quality.findings import Finding
from sora.quality.release import Release, read_releases, refuse_impossible, released_paths

FILE = Path("release.yaml")
MANIFEST = pd.DataFrame(
    {
        "path": ["walk/a.mp4", "walk/b.mp4", "walk/c.mp4"],
        "content_hash": ["aa", "bb", "bb"],
        "duplicate_of": ["", "", "walk/b.mp4"],
    }
)


def entry(video: str) -> Release:
    return Release(video, "dark on purpose", "anna")


def test_entries_are_read(tmp_path: Path):
    path = tmp_path / "release.yaml"
    assert read_releases(path) == []
    path.write_text("# nothing yet\n")
    assert read_releases(path) == []
    path.write_text("- video: walk/a.mp4\n  reason: dark on purpose\n  by: anna\n")
    assert read_releases(path) == [entry("walk/a.mp4")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- video: a\n  reason: b\n", "release.yaml.0.by: this parameter is missing"),
        ("- video: a\n  reason: b\n  by: c\n  until: d\n", "release.yaml.0.until: unknown parameter"),
        ("- video: a\n  reason: ''\n  by: c\n", "release.yaml.0.reason: "),
        ("video: a\n", "release.yaml: "),
        ("- [\n", "is not valid YAML"),
    ],
)
def test_anything_else_is_one_clear_error(tmp_path: Path, text: str, message: str):
    (tmp_path / "release.yaml").write_text(text)
    with pytest.raises(SoraError) as error:
        read_releases(tmp_path / "release.yaml")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_video_is_named_by_path_or_by_content():
    assert released_paths([entry("walk/a.mp4")], MANIFEST, FILE) == {"walk/a.mp4": entry("walk/a.mp4")}
    assert released_paths([entry("bb")], MANIFEST, FILE) == {"walk/b.mp4": entry("bb")}
    with pytest.raises(SoraError, match=r"release.yaml: walk/z.mp4 is neither the path nor the content hash"):
        released_paths([entry("walk/z.mp4")], MANIFEST, FILE)


@pytest.mark.parametrize("rule", ["readable", "unique"])
def test_what_cannot_go_on_is_not_released(rule: str):
    released = {"walk/a.mp4": entry("aa")}
    with pytest.raises(SoraError, match=r"walk/a.mp4 cannot be released .*: is broken; remove the entry"):
        refuse_impossible(released, [Finding(rule, "is broken", "walk/a.mp4")], FILE)
    refuse_impossible(released, [Finding("not_black", "is black", "walk/a.mp4")], FILE)
    refuse_impossible(released, [Finding(rule, "is broken", "walk/b.mp4")], FILE)
