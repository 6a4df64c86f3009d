import hashlib
import math

import pytest

from sora.sources.videos import LabelledVideo, fragment, is_url, part_hash
from sora.video.read import WHOLE, Window


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (WHOLE, ""),
        (Window(10, 20), "#t=10,20"),
        (Window(0, 2.5), "#t=0,2.5"),
        (Window(10), "#t=10"),
        (Window(3600.125, 7200.0), "#t=3600.125,7200"),
    ],
)
def test_media_fragments(window: Window, expected: str):
    assert fragment(window) == expected
    assert LabelledVideo("a b.mp4", "run", "g", window=window).path == f"a b.mp4{expected}"


def test_parts_have_hashes_of_their_own_and_the_whole_has_its_files():
    file_hash = hashlib.sha256(b"film").hexdigest()
    windows = [WHOLE, Window(0, 1), Window(1, 2), Window(0, math.inf), Window(1)]
    hashes = [part_hash(file_hash, window) for window in windows]
    assert hashes[0] == hashes[3] == file_hash
    assert len(set(hashes)) == 4
    assert all(len(found) == 64 for found in hashes)


def test_urls():
    assert is_url("https://x.org/a.mp4")
    assert is_url("s3://bucket/a.mp4")
    assert not is_url("c: d/a.mp4")
