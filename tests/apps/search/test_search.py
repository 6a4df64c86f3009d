from pathlib import Path

import numpy as np
import pytest

from sora.apps.index.entries import Entry
from sora.apps.index.store import VideoIndex, create_index
from sora.apps.search.search import Searcher, Words
from sora.errors import SoraError

VIDEOS = [
    Entry("jump.mp4", "h0", "jump.mp4", ("JumpRope",), ("park", "rope")),
    Entry("jumping.mp4", "h1", "jumping.mp4", ("Jumping",), ("beach",)),
    Entry("walk.mp4", "h2", "walk.mp4", ("Walk", "jump"), ()),
]
VECTORS = np.array([[1, 0, 0], [4, 3, 0], [0, 0, 2]], np.float32)


@pytest.fixture
def index(tmp_path) -> VideoIndex:
    index = create_index(tmp_path / "search.db", "model")
    index.put(VIDEOS, VECTORS)
    return index


@pytest.fixture
def searcher(index) -> Searcher:
    return Searcher(index.path, "model")


def names(hits) -> list[str]:
    return [hit.entry.video for hit in hits]


def test_an_example_finds_what_is_like_it_whatever_its_length(searcher):
    hits = searcher.like(np.array([5, 0, 0]), top=2)
    assert names(hits) == ["jump.mp4", "jumping.mp4"]
    assert [hit.similarity for hit in hits] == pytest.approx([1, 0.8])
    assert hits[0].entry == VIDEOS[0]


def test_a_video_of_the_index_is_no_answer_to_itself(searcher):
    assert names(searcher.like_video("h0", top=2)) == ["jumping.mp4", "walk.mp4"]
    assert names(searcher.like(np.array([1, 0, 0]), top=1, but_not="h0")) == ["jumping.mp4"]
    assert searcher.like_video("unknown") is None


@pytest.mark.parametrize(
    ("labels", "tags", "expected"),
    [
        ("jump", "", ["jump.mp4", "walk.mp4", "jumping.mp4"]),  # whole words first, then by name
        ("JUMPROPE", "", ["jump.mp4"]),
        ("jumpi", "", ["jumping.mp4"]),
        ("jump walk", "", ["walk.mp4"]),
        ("rope", "", ["jump.mp4"]),
        ("", "rope", ["jump.mp4"]),
        ("jump", "be", ["jumping.mp4"]),
        ("ump", "", []),
        ("park", "", []),
    ],
)
def test_all_words_must_be_had_from_their_beginning(searcher, labels: str, tags: str, expected: list[str]):
    assert names(searcher.with_words(Words((labels,), (tags,)))) == expected
    near = searcher.like(np.array([1, 0, 0]), words=Words((labels,), (tags,)))
    assert set(names(near)) == set(expected)


def test_only_so_many_are_named(searcher):
    assert names(searcher.with_words(Words(("jump",)), top=1)) == ["jump.mp4"]


def test_a_change_of_the_file_shows(searcher, index):
    index.remove(["jump.mp4"])
    index.put([Entry("new.mp4", "h9", "new.mp4", ("New",))], np.array([[1, 0.1, 0]], np.float32))
    assert names(searcher.like(np.array([1, 0, 0]), top=2)) == ["new.mp4", "jumping.mp4"]
    index.replace_all("other model", VIDEOS, VECTORS)
    with pytest.raises(SoraError, match="are of model other model, the bundle is model"):
        searcher.like(np.array([1, 0, 0]))


def test_what_cannot_be_searched_for_is_told(searcher, tmp_path):
    with pytest.raises(SoraError, match="3 numbers expected, as in the index, got 2"):
        searcher.like(np.ones(2))
    with pytest.raises(SoraError, match="at least one word"):
        searcher.with_words(Words(("...",)))
    with pytest.raises(SoraError, match="there is no index here"):
        Searcher(Path(tmp_path / "missing.db"))


def test_an_empty_index_has_no_answers(tmp_path):
    create_index(tmp_path / "search.db", "model")
    assert Searcher(tmp_path / "search.db").like(np.ones(3)) == []
