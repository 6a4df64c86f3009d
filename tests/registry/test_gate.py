from collections.abc import Collection

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora.registry.gate import Evidence, Rules, judge
from sora.registry.holdout import Holdout, holdout_of, within

RULES = Rules(max_class_drop=0.1, max_latency_ratio=1.5)
LABELS = ("jump", "walk")
NUM_VIDEOS = 40


def evidence(
    wrong: Collection[int] = (),
    *,
    num_videos: int = NUM_VIDEOS,
    leaks: tuple[str, ...] = (),
    latency_ms: float = 100.0,
) -> Evidence:
    """Return what is known of a model that is wrong on the videos numbered ``wrong``, a group each."""
    numbers = range(num_videos)
    true = [LABELS[number % 2] for number in numbers]
    table = pd.DataFrame(
        {
            "path": [f"{number}.mp4" for number in numbers],
            "content_hash": [f"{number:064x}" for number in numbers],
            "group": [f"g{number}" for number in numbers],
            "label": true,
            "predicted": [LABELS[(number + (number in wrong)) % 2] for number in numbers],
        }
    )
    for label in LABELS:
        table[f"probability_{label}"] = [0.9 if said == label else 0.1 for said in table["predicted"]]
    return Evidence("abc", table, leaks, latency_ms)


def refusals(candidate: Evidence, serving: Evidence | None) -> dict[str, str]:
    return {
        check.name: check.sentence for check in judge(candidate, serving, RULES).checks if not check.passed
    }


def test_the_first_model_needs_no_other_and_no_leak():
    decision = judge(evidence({1}), None, RULES)
    assert decision.passed
    assert decision.sentences[-1] == "nothing serves yet to be compared with: accuracy 0.975 on 40 videos"
    leak = "walk/1.mp4 shows the same footage as walk/2.mp4 of the test videos"
    assert leak in refusals(evidence(leaks=(leak, "another")), None)["leaks"]
    assert "and 1 more" in refusals(evidence(leaks=(leak, "another")), None)["leaks"]


def test_a_model_like_the_one_that_serves_passes_and_is_told_with_figures():
    decision = judge(evidence({3}), evidence({1}), RULES)
    assert decision.passed
    assert decision.reasons == ()
    text = " ".join(decision.sentences)
    assert "accuracy 0.975 against 0.975 on the same 40 videos" in text
    assert "1.00 times as long where 1.5 is allowed" in text


def test_a_worse_model_is_refused_overall_and_by_class():
    found = refusals(evidence(range(0, 20)), evidence())
    assert found.keys() == {"overall", "classes"}
    assert "a difference of -50.0 points (95 % interval" in found["overall"]


@pytest.mark.parametrize(("num_wrong", "refused"), [(2, False), (3, True)])
def test_one_class_may_fall_by_the_margin_and_no_more(num_wrong: int, refused: bool):
    found = refusals(evidence(range(0, 2 * num_wrong, 2)), evidence())  # of 20 that jump
    assert ("classes" in found) == refused
    if refused:
        assert found["classes"] == (
            "recall of jump went from 1.000 to 0.850 on 20 videos, a drop of 0.150 where 0.100 is allowed"
        )


@pytest.mark.parametrize(("latency_ms", "refused"), [(150.0, False), (151.0, True)])
def test_time_is_a_budget(latency_ms: float, refused: bool):
    found = refusals(evidence(latency_ms=latency_ms), evidence())
    assert found.keys() == ({"latency"} if refused else set())


def test_another_hold_out_is_not_compared_and_the_sentence_says_how_to_mend_it():
    found = refusals(evidence(num_videos=30), evidence())
    assert found.keys() == {"holdout"}
    assert "10 of its 40 videos were not held out, or under another label (first: 30.mp4)" in found["holdout"]
    assert "--new-holdout" in found["holdout"]
    more = refusals(evidence(), evidence(num_videos=30))
    assert "0 of its 30 videos were not held out" in more["holdout"]
    assert "0 held-out videos" in refusals(evidence(num_videos=0), evidence(num_videos=0))["holdout"]


@given(st.sets(st.integers(0, NUM_VIDEOS - 1)))
def test_nothing_is_worse_than_itself_nor_than_what_is_wrong_more_often(wrong: set[int]):
    assert judge(evidence(wrong), evidence(wrong), RULES).passed
    assert judge(evidence(), evidence(wrong), RULES).passed


def test_a_hold_out_is_its_videos_and_labels_in_any_order():
    table = evidence().answers
    holdout = holdout_of(table)
    assert holdout_of(table[::-1]).sha256 == holdout.sha256
    relabelled = Holdout({**holdout.labels, f"{0:064x}": "walk"})
    assert relabelled.sha256 != holdout.sha256
    assert len(within(table, relabelled)) == NUM_VIDEOS - 1
