from dataclasses import replace

import numpy as np
import pytest
from drift_samples import LABELS, sample

from sora.drift.alarm import alarm
from sora.drift.compare import ALPHA, compare
from sora.drift.describe import Mix, Numbers, described
from sora.drift.sample import Sample
from sora.errors import SoraError


def false_alarms(pairs: list[tuple[Sample, Sample]]) -> int:
    return sum(compare(reference, window, seed=0).has_drifted for reference, window in pairs)


def test_without_drift_alarms_are_as_rare_as_the_level_says():
    pairs = [(sample(40, 2 * seed), sample(20, 2 * seed + 1)) for seed in range(60)]
    assert false_alarms(pairs) <= 6  # 3 are expected at most; more than 6 come once in 30 times


def test_whole_groups_are_dealt_out_where_single_videos_would_give_false_alarms():
    pairs = [
        (sample(60, 2 * seed, group_size=6), sample(36, 2 * seed + 1, group_size=6)) for seed in range(20)
    ]
    assert false_alarms(pairs) <= 3
    ignored = [(reference.without_groups(), window.without_groups()) for reference, window in pairs]
    assert false_alarms(ignored) >= 15


def test_one_video_of_each_group_stands_for_it_where_those_of_the_window_are_not_known():
    found = compare(sample(60, 0, group_size=6), sample(20, 1), seed=0)
    assert (len(found.reference), len(found.window)) == (10, 20)
    assert found.reference.title.endswith("(one of each group: 10)")
    assert not found.has_drifted


@pytest.mark.parametrize(
    ("changes", "part", "name"),
    [({"shift": 1.5}, "embeddings", "embedding"), ({"dark": 0.3}, "inputs", "mean_brightness")],
)
def test_a_shift_is_found_and_named(changes, part, name):
    found = compare(sample(60, 0), sample(30, 1, **changes), seed=0)
    assert found.has_drifted
    assert [(each.part, each.name) for each in found.moved] == [(part, name)]
    raised = alarm(found)
    assert (raised.is_raised, raised.property) == (True, name)
    assert raised.p_value == found.p_value == pytest.approx(3 / 2000 * (1 if part == "embeddings" else 3))
    assert not alarm(found, min_effect=raised.effect + 0.01).is_raised


def test_another_mix_of_answers_and_less_confidence_are_found():
    window = sample(30, 1)
    other = replace(window, labels=np.array(["wave"] * 30), confidences=window.confidences * 0.5)
    found = compare(sample(60, 0), other, seed=0)
    assert {each.name for each in found.moved} == {"label", "confidence"}
    mix = described(found, next(each for each in found.moved if each.name == "label"))
    assert isinstance(mix, Mix)
    assert (mix.categories, mix.window) == (LABELS, (0, 0, 1))
    assert sum(mix.reference) == pytest.approx(1)
    sure = described(found, next(each for each in found.moved if each.name == "confidence"))
    assert isinstance(sure, Numbers)
    assert sure.window[2] < 0.5 < sure.reference[2]


def test_constant_facts_are_not_tested_and_incomplete_ones_are_named():
    window = sample(20, 1)
    del window.facts[3]["fps"]
    found = compare(sample(20, 0), window, seed=0)
    assert [each.name for each in found.differences if each.part == "inputs"] != []
    assert {"width", "fps"} & {each.name for each in found.differences} == set()
    assert found.left_out == ("fps",)


def test_the_answer_does_not_depend_on_the_order_of_videos_beyond_the_draw():
    reference, window = sample(7, 0), sample(6, 1, shift=0.7)  # few enough for every permutation
    found = compare(reference, window, seed=0)
    turned = compare(reference.at(range(6, -1, -1)), window.at([2, 0, 5, 1, 3, 4]), seed=9)
    as_numbers = {
        each.name: (each.effect, each.p_value, each.corrected_p_value) for each in found.differences
    }
    for each in turned.differences:
        assert (each.effect, each.p_value, each.corrected_p_value) == pytest.approx(as_numbers[each.name])


def test_the_family_has_the_level():
    found = compare(sample(30, 0), sample(15, 1), seed=0)
    assert found.alpha == ALPHA
    by_part = {part: [e for e in found.differences if e.part == part] for part in ("embeddings", "inputs")}
    (embedding,) = by_part["embeddings"]
    assert embedding.corrected_p_value == pytest.approx(min(1, 3 * embedding.p_value))
    smallest = min(by_part["inputs"], key=lambda each: each.p_value)
    expected = min(1, 3 * len(by_part["inputs"]) * smallest.p_value)
    assert smallest.corrected_p_value == pytest.approx(expected)


def test_too_few_videos_are_refused_with_how_many_are_needed():
    with pytest.raises(SoraError, match=r"the videos of seed 1: 4 came, at least 5 videos"):
        compare(sample(30, 0), sample(4, 1), seed=0)
    with pytest.raises(SoraError, match=r"4 came, at least 5 different groups"):
        compare(sample(60, 0, group_size=6), sample(24, 1, group_size=6), seed=0)


def test_embeddings_of_two_models_are_refused():
    with pytest.raises(SoraError, match=r"by model other.*0123456789abcdef.*cannot be compared"):
        compare(sample(30, 0), replace(sample(30, 1), model_version="other"), seed=0)
