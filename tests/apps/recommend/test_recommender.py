import numpy as np
import pytest

from sora.apps.index.entries import Entry
from sora.apps.index.store import create_index
from sora.apps.index.vectors import unit_rows
from sora.apps.recommend.history import Watch
from sora.apps.recommend.plan import Plan
from sora.apps.recommend.recommender import Recommender
from sora.errors import SoraError

DAY = 86400.0
NUM_KINDS, NUM_OF_A_KIND = 4, 10
NAMES = [f"{kind}{number}" for kind in "abcd" for number in range(NUM_OF_A_KIND)]


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    """Four kinds of videos, which are unlike each other."""
    rng = np.random.default_rng(0)
    return unit_rows(np.repeat(np.eye(6)[:NUM_KINDS], NUM_OF_A_KIND, axis=0) + 0.1 * rng.normal(size=(40, 6)))


def watches(user: str, videos: str, start_day: float = 0, **facts: float) -> list[Watch]:
    return [Watch(user, video, (start_day + n) * DAY, **facts) for n, video in enumerate(videos.split())]


def kinds(answer) -> str:
    return "".join(one.video[0] for one in answer.results)


def test_recommends_more_of_both_tastes_and_nothing_that_was_watched(vectors):
    history = watches("ann", "a0 c0 a1 c1 a2 a3") + watches("bob", "b0 b1 b2 b3 b4 b5 b6")
    answer = Recommender(NAMES, vectors, history).recommend("ann", top=12)
    assert set(kinds(answer)) == {"a", "c"}
    assert not {one.video for one in answer.results} & {"a0", "a1", "a2", "a3", "c0", "c1"}
    assert all(one.because[0] == one.video[0] for one in answer.results)
    assert answer.results[0].relevance == 1
    assert (answer.num_watched, answer.num_unknown) == (6, 0)


def test_what_was_watched_lately_counts_more(vectors):
    history = watches("ann", "a0 a1 a2 a3", 0) + watches("ann", "b0 b1", 400)
    assert kinds(Recommender(NAMES, vectors, history).recommend("ann", 5)) == "bbbbb"
    forever = Recommender(NAMES, vectors, history, Plan(half_life_days=1e6))
    assert kinds(forever.recommend("ann", 5)) == "aaaaa"


def test_what_was_disliked_sinks(vectors):
    history = watches("ann", "a0 b0", rating=4) + watches("ann", "a1 a2", rating=1)
    assert kinds(Recommender(NAMES, vectors, history).recommend("ann", 5)) == "bbbbb"


def test_someone_new_gets_what_is_popular_of_all_sorts(vectors):
    history = [w for n in range(9) for w in watches(f"u{n}", "a0 a1 a2 b0")]
    recommender = Recommender(NAMES, vectors, history)
    answer = recommender.recommend(top=4)
    assert answer.results[0].video in {"a0", "a1", "a2", "b0"}
    assert {"a", "b"} < set(kinds(answer))
    assert [one.because for one in answer.results] == [None] * 4
    plain = Recommender(NAMES, vectors, history, Plan(newcomer_diversity=0)).recommend(top=4)
    assert {one.video for one in plain.results} == {"a0", "a1", "a2", "b0"}


def test_without_any_history_the_videos_are_of_all_sorts(vectors):
    assert set(kinds(Recommender(NAMES, vectors, []).recommend(top=4))) == set("abcd")


def test_someone_who_has_seen_everything_gets_nothing(vectors):
    recommender = Recommender(NAMES[:3], vectors[:3], watches("ann", "a0 a1 a2"))
    assert recommender.recommend("ann").results == ()


def test_videos_that_the_index_does_not_have_are_counted(vectors):
    recommender = Recommender(NAMES, vectors, watches("ann", "a0 gone"))
    assert recommender.recommend("ann").num_unknown == 1
    with pytest.raises(SoraError, match=r"none of the 1 watches .* the first is of 'gone'"):
        Recommender(NAMES, vectors, watches("ann", "gone"))
    with pytest.raises(SoraError, match="user 'eve': not in the history"):
        recommender.recommend("eve")


def test_a_session_needs_no_name(vectors):
    recommender = Recommender(NAMES, vectors, watches("ann", "a0"))
    assert kinds(recommender.recommend_for(watches("", "d0 d1"), top=5)) == "ddddd"


def test_takes_names_and_vectors_from_an_index(vectors, tmp_path):
    index = create_index(tmp_path / "search.db", "model")
    index.put([Entry(name, name, "", (name[0],)) for name in NAMES], vectors)
    recommender = Recommender.of_index(index, watches("ann", "b3 b4"))
    assert kinds(recommender.recommend("ann", 4)) == "bbbb"


def test_a_plan_out_of_range_is_refused():
    for wrong in ({"diversity": 1.5}, {"half_life_days": 0}, {"popularity": -1}):
        with pytest.raises(SoraError, match=next(iter(wrong))):
            Plan(**wrong)
