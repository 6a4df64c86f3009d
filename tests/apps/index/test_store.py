"""The index on disk."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sora.apps.index.entries import Entry
from sora.apps.index.store import Changes, VideoIndex, create_index, open_index
from sora.errors import SoraError

MODEL = "0123456789abcdef"
# Deletes everything with so small a cache that the file itself is written to, then dies before the commit.
DIE_WRITING = """
import os, signal, sys
from pathlib import Path
from sora.apps.index.database import transaction
with transaction(Path(sys.argv[1])) as connection:
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("DELETE FROM videos")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def entry(number: int, **changes) -> Entry:
    facts = {"labels": (f"LabelOf{number}",), "tags": ("tagged",), **changes}
    return Entry(f"{number}.mp4", f"hash{number}", f"folder/{number}.mp4", **facts)


def vectors(*numbers: int) -> np.ndarray:
    return np.stack([np.random.default_rng(number).normal(size=6) for number in numbers]).astype(np.float32)


@pytest.fixture
def index(tmp_path) -> VideoIndex:
    index = create_index(tmp_path / "some" / "search.db", MODEL)
    index.put([entry(n) for n in range(3)], vectors(0, 1, 2))
    return index


def test_gives_back_what_was_put(index):
    ids, stored = index.vectors()
    assert list(index.entries().values()) == [entry(0), entry(1), entry(2)]
    assert ids.tolist() == index.ids().tolist() == list(index.entries())
    expected = vectors(0, 1, 2)
    np.testing.assert_allclose(stored, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-7)
    assert index.entries([ids[1]]) == {ids[1]: entry(1)}
    assert index.by_content(["hash2", "unknown"])["hash2"][1].tolist() == stored[2].tolist()


def test_putting_a_video_again_changes_nothing(index):
    before, bytes_before = index.revision(), index.path.read_bytes()
    assert index.put([entry(1), entry(2)], vectors(1, 2)) == Changes(num_put=0, num_unchanged=2)
    assert (index.revision(), index.path.read_bytes()) == (before, bytes_before)


def test_other_content_of_the_same_name_and_the_same_content_of_another_replace(index):
    old_ids = set(index.ids().tolist())
    edited = Entry("0.mp4", "edited", "0.mp4", ("New",))
    renamed = Entry("renamed.mp4", "hash1", "renamed.mp4", ("New",))
    assert index.put([edited, renamed], vectors(7, 1)).num_put == 2
    assert set(index.entries().values()) == {edited, renamed, entry(2)}
    assert len(set(index.ids().tolist()) - old_ids) == 2, "an id must never stand for two vectors"
    assert index.with_word("of0", "label") == {}


def test_removing_takes_the_words_along(index):
    before = index.revision()
    assert index.remove(["1.mp4", "unknown.mp4"]) == ["1.mp4"]
    assert [e.video for e in index.entries().values()] == ["0.mp4", "2.mp4"]
    assert len(index.with_word("tagged", "tag")) == 2
    assert index.revision() != before
    index.put([entry(1)], vectors(1))
    assert index.ids().tolist() == [1, 3, 4], "no id is given again"


def test_words_are_found_by_their_beginning(index):
    first, *_ = index.ids().tolist()
    assert index.with_word("of0", "label") == {first: True}
    assert index.with_word("lab", "label") == {1: False, 2: False, 3: False}
    assert index.with_word("label", "label") == {1: True, 2: True, 3: True}, "LabelOf0 has humps"
    assert index.with_word("of0", "tag") == {}
    assert index.with_word("%", "label") == index.with_word("_", "label") == {}


def test_tags_can_be_changed_without_the_vector(index):
    assert index.set_tags({"2.mp4": ["Beach"], "unknown.mp4": ["x"]}) == ["2.mp4"]
    assert index.entries([3])[3].tags == ("Beach",)
    assert index.with_word("beach", "tag") == {3: True}
    assert 3 not in index.with_word("tagged", "tag")


def test_all_or_none_is_put(index):
    with pytest.raises(SoraError, match=r"6 numbers a video expected, as in the index, got 5"):
        index.put([entry(8)], np.ones((1, 5), np.float32))
    with pytest.raises(ValueError, match="zip"):
        index.put([entry(8)], vectors(8, 9))
    assert len(index.ids()) == 3


def test_a_kill_while_writing_undoes_it(index):
    many = range(10, 400)
    index.put([entry(n) for n in many], vectors(*many))
    killed = subprocess.run([sys.executable, "-c", DIE_WRITING, str(index.path)], check=False)
    assert killed.returncode == -9
    assert index.path.with_name("search.db-journal").exists(), "the kill came too early to prove anything"
    assert len(open_index(index.path).entries()) == 393
    assert index.put([entry(1)], vectors(1)) == Changes(0, 1)


def test_writers_beside_each_other_lose_nothing(index):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: index.put([entry(n)], vectors(n)), range(10, 30)))
    assert len(index.ids()) == 23


def test_another_model_is_refused_and_can_take_over(index):
    with pytest.raises(SoraError, match=rf"are of model {MODEL}, the bundle is other; run sora index build"):
        open_index(index.path, "other")
    with pytest.raises(SoraError, match=rf"are of model {MODEL}"):
        create_index(index.path, "other")
    index.replace_all("other", [entry(5)], np.ones((1, 9), np.float32))
    assert open_index(index.path, "other").entries() == {4: entry(5)}
    assert create_index(index.path, "other").vectors()[1].shape == (1, 9)


def test_what_is_no_index_is_named(tmp_path):
    with pytest.raises(SoraError, match=r"missing\.db: there is no index here; run sora index build"):
        open_index(tmp_path / "missing.db")
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but long enough to be looked at" * 30)
    with pytest.raises(SoraError, match=r"notes\.txt: is no index, or damaged \(file is not a database\)"):
        create_index(text, MODEL)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE videos (x)")
    with pytest.raises(SoraError, match="this is another database"):
        create_index(other, MODEL)
    (tmp_path / "empty.db").touch()
    assert create_index(tmp_path / "empty.db", MODEL).ids().tolist() == []


operations = st.lists(
    st.tuples(st.sampled_from(["put", "remove"]), st.integers(0, 3), st.integers(0, 3)), max_size=12
)


@settings(max_examples=15)
@given(operations)
def test_holds_each_name_and_each_content_once(tmp_path_factory, done: list[tuple[str, int, int]]):
    index = create_index(tmp_path_factory.mktemp("index") / "search.db", MODEL)
    expected: dict[str, str] = {}
    for operation, name, content in done:
        video, digest = f"v{name}", f"c{content}"
        if operation == "remove":
            index.remove([video])
            expected.pop(video, None)
        else:
            index.put([Entry(video, digest, video, ())], vectors(content))
            expected = {v: c for v, c in expected.items() if v != video and c != digest} | {video: digest}
    assert {e.video: e.content_hash for e in index.entries().values()} == expected


def test_paths_that_look_like_options_of_a_url_are_paths(tmp_path):
    path = Path(tmp_path / "100% of it?mode=ro#x.db")
    create_index(path, MODEL).put([entry(1)], vectors(1))
    assert path.is_file()
