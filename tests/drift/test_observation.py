import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from drift_samples import observation
from hypothesis import given
from hypothesis import strategies as st

from sora.drift.journal import Window, read_journal
from sora.drift.observation import from_json
from sora.drift.sample import drawn, one_of_each_group, sample_of
from sora.errors import SoraError
from sora.journal import append_record, older


def one(number: int = 0, **changes: Any):
    return observation(number, np.random.default_rng(number), **changes)


def test_a_line_of_a_journal_gives_the_observation_back_to_half_precision():
    given_one = one(group="camera 3")
    found = from_json(json.loads(json.dumps(given_one.as_json())), "line 1")
    np.testing.assert_allclose(found.embedding, given_one.embedding, rtol=1e-3, atol=1e-6)
    assert found.embedding.dtype == np.float32
    assert found.as_json() == given_one.as_json()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"time": "yesterday"}, "line 1: is no observation of a video"),
        ({"time": "2026-11-01T00:00:00"}, "line 1: time needs a zone"),
        ({"embedding": "%%%"}, "line 1: is no observation"),
        ({"embedding": ""}, "line 1: expected a confidence and an embedding that are finite"),
        ({"confidence": float("nan")}, "that are finite"),
        ({"facts": None}, "line 1: is no observation"),
    ],
)
def test_a_damaged_record_says_what_is_wrong(changes, message):
    with pytest.raises(SoraError, match=message):
        from_json({**one().as_json(), **changes}, "line 1")


def test_a_part_of_a_journal(tmp_path):
    path = tmp_path / "served.jsonl"
    for number in range(5):
        append_record(path, lambda _, number=number: one(number).as_json())
    assert [each.video for each in read_journal(path)] == [f"{number}.mp4" for number in range(5)]
    assert [each.video for each in read_journal(path, Window(last=2))] == ["3.mp4", "4.mp4"]
    since = Window(since=datetime(2026, 11, 1, 4, tzinfo=UTC))
    assert [each.video for each in read_journal(path, since)] == ["4.mp4"]
    with pytest.raises(SoraError, match="holds no observation since 2027"):
        read_journal(path, Window(since=datetime(2027, 1, 1, tzinfo=UTC)))
    with pytest.raises(SoraError, match="there is no such journal"):
        read_journal(tmp_path / "other.jsonl")


def test_what_was_moved_away_is_the_beginning_of_a_journal(tmp_path):
    path = tmp_path / "observations.jsonl"
    for number in range(5):
        place = older(path) if number < 3 else path
        append_record(place, lambda _, number=number: one(number).as_json())
    assert [each.video for each in read_journal(path)] == [f"{number}.mp4" for number in range(5)]
    assert [each.video for each in read_journal(path, Window(last=3))] == ["2.mp4", "3.mp4", "4.mp4"]
    path.unlink()  # a kill between the two
    assert len(read_journal(path)) == 3
    append_record(older(path), lambda _: {"video": "a.mp4"})
    with pytest.raises(SoraError, match=r"observations-older\.jsonl, line 4: is no observation"):
        read_journal(path)


def test_observations_of_several_models_are_refused_with_their_numbers():
    mixed = [one(0), one(1), one(2, model_version="new")]
    with pytest.raises(SoraError, match=r"embeddings of one model, found 2 of 0123456789abcdef, 1 of new"):
        sample_of("the window", mixed)


@given(st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=60), st.integers(0, 5), st.integers(10, 40))
def test_a_draw_takes_whole_groups_and_no_more_than_asked(groups, seed, most):
    places = drawn(groups, seed, most)
    assert places == sorted(set(places)) == drawn(groups, seed, most)
    assert len(places) <= max(most, 0)
    taken = [groups[place] for place in places]
    for group in {"a", "b", "c"} & {*taken}:
        whole = groups.count(group)
        assert taken.count(group) == (whole if len(groups) <= most else min(whole, 20))


@given(st.lists(st.sampled_from(["a", "b", ""]), max_size=20), st.integers(0, 5))
def test_one_of_each_group_and_all_that_have_none(groups, seed):
    taken = [groups[place] for place in one_of_each_group(groups, seed)]
    assert sorted(taken) == sorted([*({*groups} - {""}), *[""] * groups.count("")])
