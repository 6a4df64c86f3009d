import pytest

from sora.apps.index.entries import Entry, asked_words, words_in


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("JumpRope", {"jumprope", "jump", "rope"}),
        ("HTMLPage2go", {"htmlpage2go", "html", "page2go"}),
        ("high_jump, Yo-Yo", {"high", "jump", "yo"}),
        ("跳绳", {"跳绳"}),
        ("STRASSE Straße", {"strasse"}),
        ("...", set()),
    ],
)
def test_words_have_no_case_and_end_where_a_hump_begins(text: str, words: set[str]):
    assert words_in([text]) == words


def test_a_query_is_taken_word_by_word():
    assert asked_words(["JumpRope high-jump", "JUMP"]) == ["jumprope", "high", "jump"]


def test_an_entry_knows_where_its_words_are_from():
    entry = Entry("a.mp4", "1", "a.mp4", ("Walk",), ("walk", "Park"))
    assert entry.words() == {("label", "walk"), ("tag", "walk"), ("tag", "park")}
