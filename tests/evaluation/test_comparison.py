import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora.errors import SoraError
from sora.evaluation.comparison import ClassChange, LeftOut, McNemar, Results, compare
from sora.evaluation.metric_changes import MetricChange, metric_changes

LABELS = ["run", "walk"]


def results(name: str, answers: dict[str, tuple[str, str]], **metrics: float) -> Results:
    """Results with each path's label and answer, of which the model is sure by 0.8."""
    rows = [
        {
            "path": path,
            "label": label,
            "predicted": predicted,
            **{f"probability_{name}": 0.8 if name in predicted.split(";") else 0.2 for name in LABELS},
        }
        for path, (label, predicted) in answers.items()
    ]
    columns = ["path", "label", "predicted", *(f"probability_{name}" for name in LABELS)]
    return Results(name, pd.DataFrame(rows, columns=columns), metrics)


def judged(right_before: list[bool], right_after: list[bool], groups: list[str]):
    """Compare two models that are right on ``run`` videos as told."""
    sides = [
        results(name, {f"{i}.mp4": ("run", "run" if right else "walk") for i, right in enumerate(each)})
        for name, each in (("old", right_before), ("new", right_after))
    ]
    return compare(*sides, {f"{i}.mp4": group for i, group in enumerate(groups)})


def test_only_videos_held_out_by_both_under_one_label_count():
    old = results(
        "old", {"a": ("run", "run"), "b": ("run", "walk"), "c": ("walk", "walk"), "x": ("run", "run")}
    )
    new = results(
        "new", {"c": ("run", "run"), "b": ("run", "run"), "a": ("run", "walk"), "y": ("run", "run")}
    )
    found = compare(old, new, {"a": "g"})
    assert (found.num_videos, found.num_groups, found.num_without_group) == (2, 2, 1)
    assert found.left_out == LeftOut(only_before=1, only_after=1, relabelled=1)
    assert (found.accuracy_before, found.accuracy_after, found.difference) == (0.5, 0.5, 0.0)
    assert found.mcnemar == McNemar(1, 1, 1.0)
    lost, gained = found.flips
    assert (lost.path, lost.group, lost.predicted_before, lost.predicted_after) == ("a", "g", "run", "walk")
    assert (lost.probability_before, lost.probability_after, lost.is_gain) == (0.8, 0.2, False)
    assert (gained.path, gained.group, gained.is_gain) == ("b", "b", True)


def test_classes_show_recall_and_f1_of_both():
    old = results("old", {"a": ("run", "run"), "b": ("run", "walk"), "c": ("walk", "walk")})
    new = results("new", {"a": ("run", "run"), "b": ("run", "run"), "c": ("walk", "run")})
    run, walk = compare(old, new, {}).classes
    assert run == ClassChange("run", 2, 0.5, 1.0, pytest.approx(2 / 3), pytest.approx(4 / 5))
    assert walk == ClassChange("walk", 1, 1.0, 0.0, pytest.approx(2 / 3), 0.0)


def test_of_several_labels_all_must_be_right_in_any_order():
    old = results("old", {"a": ("run;walk", "run"), "b": ("walk", "walk")})
    new = results("new", {"a": ("run;walk", "walk;run"), "b": ("walk", "run;walk")})
    found = compare(old, new, {})
    assert (found.mcnemar.num_gained, found.mcnemar.num_lost) == (1, 1)
    (gained,) = [flip for flip in found.flips if flip.is_gain]
    assert (gained.probability_before, gained.probability_after) == (0.2, 0.8)  # of walk, the lesser


def test_mcnemar_is_the_binomial_test_of_the_flips():
    groups = [str(number // 4) for number in range(40)]
    found = judged([False] * 9 + [True] * 31, [True] * 8 + [False] + [True] * 29 + [False] * 2, groups)
    assert found.mcnemar == McNemar(8, 2, pytest.approx(2 * (1 + 10 + 45) / 2**10))


def test_a_clear_gain_is_better_and_its_reverse_worse():
    before, after = [number % 2 == 0 for number in range(60)], [True] * 60
    groups = [str(number // 3) for number in range(60)]
    found, reverse = judged(before, after, groups), judged(after, before, groups)
    assert (found.verdict, reverse.verdict) == ("better", "worse")
    assert 0 < found.interval.low < 0.5 < found.interval.high < 1
    assert found.interval.method.endswith("over 20 groups")
    assert reverse.interval.low == pytest.approx(-found.interval.high, abs=0.05)


def test_three_flips_in_many_groups_prove_nothing():
    found = judged([False] * 3 + [True] * 22, [True] * 25, [f"{number:02}" for number in range(25)])
    assert found.interval.low > 0  # too sure: all three would go the same way in one of four fair tosses
    assert found.mcnemar.p_value == 0.25
    assert found.verdict == "no difference shown"


def test_many_flips_in_one_group_prove_nothing():
    groups = ["a"] * 12 + ["b"] * 12 + ["c"] * 12
    found = judged([False] * 12 + [True] * 24, [True] * 36, groups)
    assert found.mcnemar.p_value < 0.001  # it takes the videos for independent
    assert found.verdict == "no difference shown"


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 14)), min_size=1, max_size=40))
def test_the_sides_change_places(videos):
    before, after, groups = (list(each) for each in zip(*videos, strict=True))
    found = judged(before, after, [str(group) for group in groups])
    reverse = judged(after, before, [str(group) for group in groups])
    assert found.difference == -reverse.difference
    assert found.mcnemar.num_gained == reverse.mcnemar.num_lost
    assert found.mcnemar.p_value == pytest.approx(reverse.mcnemar.p_value)
    assert found.interval.low <= found.difference <= found.interval.high
    assert found.difference == pytest.approx(found.accuracy_after - found.accuracy_before)
    assert sorted(flip.path for flip in found.flips) == sorted(flip.path for flip in reverse.flips)


def test_nothing_in_common_is_an_error():
    old = results("main", {"a": ("run", "run"), "b": ("run", "run")})
    new = results("exp", {"a": ("walk", "run"), "c": ("run", "run")})
    with pytest.raises(SoraError, match="main and exp have no held-out video with the same label in common"):
        compare(old, new, {})


def test_metrics_are_named_as_dvc_names_them_and_text_is_left_out():
    before = {"kind": "one_label", "accuracy": 0.5, "baselines": {"metadata": {"accuracy": 0.25}}, "old": 1}
    after = {"kind": "one_label", "accuracy": 0.75, "baselines": {"metadata": {"accuracy": 0.25}}, "new": 2}
    assert metric_changes(before, after) == (
        MetricChange("accuracy", 0.5, 0.75, 0.25),
        MetricChange("baselines.metadata.accuracy", 0.25, 0.25, 0.0),
        MetricChange("old", 1, None, None),
        MetricChange("new", None, 2, None),
    )
