from pathlib import Path

import numpy as np
import pytest

from sora.apps.index.store import create_index
from sora.apps.index.videos import Added, Description, add_videos
from sora.errors import SoraError, VideoError


class Describer:
    """Stands for a model; counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[Path] = []

    def __call__(self, path: Path) -> Description:
        self.asked.append(path)
        if "broken" in path.name:
            raise VideoError("is no video")
        return Description(np.array([len(path.name), 1, 2], np.float32), ("walk",), ("park",))


def test_only_content_that_is_new_is_described(tmp_path):
    index, describe = create_index(tmp_path / "search.db", "model"), Describer()
    first, copy, broken = (tmp_path / name for name in ("first.mp4", "copy.mp4", "broken.mp4"))
    first.write_bytes(b"one")
    broken.write_bytes(b"two")

    assert [a.outcome for a in add_videos(index, [first, broken], describe)] == ["added", "failed"]
    copy.write_bytes(b"one")
    again = list(add_videos(index, [first, copy, broken, tmp_path / "missing.mp4"], describe))

    assert [added.outcome for added in again] == ["unchanged", "unchanged", "failed", "failed"]
    assert again[2] == Added(broken.as_posix(), "failed", "is no video")
    assert again[3].reason == "cannot be read (No such file or directory)"
    assert describe.asked.count(first) == 1
    assert copy not in describe.asked
    (entry,) = index.entries().values()
    assert (entry.video, entry.labels, entry.tags, entry.origin) == (
        first.as_posix(),
        ("walk",),
        ("park",),
        "added",
    )


def test_a_fault_that_is_not_the_videos_ends_it(tmp_path):
    index, file = create_index(tmp_path / "search.db", "model"), tmp_path / "a.mp4"
    file.write_bytes(b"one")

    def describe(path: Path) -> Description:
        raise SoraError("the bundle is damaged")

    with pytest.raises(SoraError, match="the bundle is damaged"):
        list(add_videos(index, [file], describe))
