import pytest
from analyses import analysis, without_extras

from sora.apps.moderation.scores import Score, highest_score, read_score, videos_in
from sora.errors import SoraError

LOOKS = [0.1, 0.4, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1]
SEEN = analysis([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1]], objects={999: [0.1, 0.8]}, nsfw=LOOKS)


@pytest.mark.parametrize(
    ("text", "highest"),
    [("nsfw", 0.4), ("label:Running", 0.7), ("tag:couch", 0.8), ("tag:object 3", 0.0)],
)
def test_the_highest_score_anywhere_counts(text, highest):
    assert highest_score(SEEN, read_score(text)) == pytest.approx(highest)


def test_a_video_that_was_not_looked_at_for_a_score_has_none():
    bare = without_extras(SEEN)
    for score in (Score("nsfw"), Score("tag", "couch")):
        with pytest.raises(SoraError, match=score.kind):
            highest_score(bare, score)


@pytest.mark.parametrize("text", ["", "label", "label:", "tags:couch", "nsfw:x"])
def test_a_score_that_is_none(text):
    with pytest.raises(SoraError, match="nsfw, label:NAME or tag:NAME expected"):
        read_score(text)


def test_a_name_that_is_none():
    with pytest.raises(SoraError, match="label 'Flying': there is none of this name"):
        highest_score(SEEN, Score("label", "Flying"))


def test_videos_are_found_in_folders_below(tmp_path):
    for name in ("b.mp4", "a/c.AVI", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert videos_in(tmp_path) == [tmp_path / "a" / "c.AVI", tmp_path / "b.mp4"]
    with pytest.raises(SoraError, match="a folder with videos expected"):
        videos_in(tmp_path / "none")
