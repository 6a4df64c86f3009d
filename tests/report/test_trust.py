from report_samples import EXPLANATION, ROBUSTNESS, VALIDATION, condition, curves, full_content, pair

from sora.report.trust import trust


def said(topic: str, **changes) -> tuple[str, bool]:
    for row in trust(full_content(**changes)):
        if row.topic == topic:
            return row.text.replace("\N{NO-BREAK SPACE}", " "), row.is_caution
    return "", False


def test_copies_across_splits_are_a_leak_until_one_of_them_is_set_aside():
    text, is_caution = said("Leaks")
    assert text == "1 pair of the same footage cross a split: the figures are too good."
    assert is_caution
    cured = {**VALIDATION, "quarantined": {"run/a.mp4": ["is a copy"]}}
    text, is_caution = said("Leaks", validation=cured)
    assert text == "1 pair of the same footage crossed a split; one of each was set aside."
    assert not is_caution
    harmless = [pair("a", "b", "train", "train"), pair("a", "c", "train", "")]
    text, _ = said("Leaks", validation={**VALIDATION, "near_duplicates": harmless})
    assert text == "No footage was found on both sides of a split."


def test_a_group_on_both_sides_of_a_split_is_a_caution():
    row = {"rule": "groups_in_one_split", "path": "", "reason": "group g1 is in train and test"}
    text, is_caution = said("Groups", validation={**VALIDATION, "warnings": [row]})
    assert text == "group g1 is in train and test: the figures are too good."
    assert is_caution


def test_metadata_that_tells_labels_apart_is_a_caution():
    text, is_caution = said("Traces")
    assert "File metadata (fps) gives the label away for 72 % of the videos" in text
    assert is_caution
    calm = {**VALIDATION, "confounds": {**VALIDATION["confounds"], "telling_columns": []}}
    assert said("Traces", validation=calm) == ("File metadata does not give the label away.", False)
    assert said("Traces", validation={**VALIDATION, "confounds": None}) == ("", False)


def test_the_costliest_condition_is_named_and_those_that_cost_little():
    text, is_caution = said("Worse videos")
    assert "Of 30 videos, 60 % are named rightly as they are." in text
    assert "What costs most is blur: 30 % at 4 (pixels; interval 20 % to 40 %)." in text
    assert text.endswith("At most 5 points lost at every level of noise.")
    assert is_caution
    calm = {**ROBUSTNESS, "conditions": [condition("Noise", "grey levels", {8: 0.6})]}
    text, is_caution = said("Worse videos", robustness=calm)
    assert "costs most" not in text
    assert not is_caution


def test_the_verdict_on_time_is_shown_as_it_is():
    assert said("Time") == ("The model does not use time <at all>.", False)


def test_explanations_must_beat_random_both_ways():
    text, is_caution = said("Explanations")
    assert text.startswith("The regions that they mark matter more than random ones (hiding: area 0.31")
    assert not is_caution
    for failed, changes in (
        ("one of two checks", {"deletion": curves(0.5, 0.5)}),
        ("both checks", {"deletion": curves(0.6, 0.5), "insertion": curves(0.4, 0.5)}),
    ):
        text, is_caution = said("Explanations", explanation={**EXPLANATION, **changes})
        assert f"fail {failed} against random ones" in text
        assert is_caution


def test_what_was_not_measured_is_not_spoken_of():
    empty = full_content(validation={}, robustness={}, explanation={}, evaluation={})
    assert trust(empty) == []
