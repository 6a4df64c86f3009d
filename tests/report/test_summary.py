import pytest
from report_samples import EVALUATION, METRICS, PREDICTIONS, baseline, full_content, part

from sora.report.summary import performance


def said(topic: str, **changes) -> list[tuple[str, bool]]:
    return [
        (row.text.replace("\N{NO-BREAK SPACE}", " "), row.is_caution)
        for row in performance(full_content(**changes))
        if row.topic == topic
    ]


def test_accuracy_stands_beside_the_most_frequent_answer():
    text, is_caution = said("Accuracy")[0]
    assert "60.0 %, with 95 % confidence 12.0 % to 98.1 %" in text
    assert "the most frequent answer would be right for 40.0 %" in text
    assert text.endswith("That it does no better than this is not ruled out.")
    assert is_caution
    text, is_caution = said("Accuracy", metrics={**METRICS, "accuracy_interval_low": 0.5})[0]
    assert "not ruled out" not in text
    assert not is_caution


@pytest.mark.parametrize(
    ("low", "high", "verdict", "is_caution"),
    [
        (0.01, 0.2, "Better than", False),
        (0.0, 0.2, "Not shown to be better than", True),
        (-0.1, 0.2, "Not shown to be better than", True),
        (-0.3, -0.01, "Worse than", True),
    ],
)
def test_a_lead_over_a_baseline_needs_an_interval_above_zero(low, high, verdict, is_caution):
    metrics = {**METRICS, "baselines": {"metadata": baseline(0.5, 0.1, low, high)}}
    (text, found), *others = said("Against a simple method", metrics=metrics)
    assert text.startswith(f"{verdict} the file's metadata alone, which reaches 50.0 %")
    assert found is is_caution
    assert others == []


def test_the_most_frequent_confusion_is_named():
    assert said("Fails most") == [("run is taken for wa<b>lk in 1 of 2 videos.", False)]
    right = [row for row in PREDICTIONS if row["label"] == row["predicted"]]
    text, _ = said("Fails most", predictions=right)[0]
    assert text == "No test video is named wrongly; so few of them do not rule out errors in 88.0 %."


def test_the_worst_slice_is_clear_only_where_its_interval_lies_below_the_whole():
    text, is_caution = said("Most surely weak slice")[0]
    assert text.startswith("Duration 1.5 to <3> s: 20.0 % of 9 videos, interval 10.0 % to 40.0 %")
    assert is_caution
    vague = {**EVALUATION, "slices": [part("codec", "h264", 0.5, 0.2, 0.8)]}
    text, is_caution = said("Most surely weak slice", evaluation=vague)[0]
    assert text.endswith("which holds the 60.0 % of the whole: it may be chance.")
    assert not is_caution


def test_probabilities_are_judged_by_their_error_and_its_direction():
    text, is_caution = said("Probabilities")[0]
    assert "off by 26.0 points on average" in text
    assert "more sure than it is right, by 26.0 points" in text
    assert is_caution
    metrics = {**METRICS, "expected_calibration_error": 0.04}
    assert not said("Probabilities", metrics=metrics)[0][1]


def test_with_several_labels_the_weakest_label_is_named():
    text, _ = said("Fails most", metrics={**METRICS, "kind": "several_labels"})[0]
    assert text == "Weakest label: wa<b>lk, found in 50.0 % of its videos, F1 50.0 %."
