from report_samples import NASTY, PREDICTIONS, prediction

from sora.evaluation.mistakes import first_answers, most_confused, worst_mistakes


def test_the_most_confident_mistakes_come_first():
    found = worst_mistakes(PREDICTIONS)
    assert [(row["path"], row["about"], row["is_named"], row["probability"]) for row in found] == [
        (NASTY, "wa<b>lk", True, 0.91),
        ("walk/c.mp4", "$wave$", True, 0.6),
    ]


def test_the_most_frequent_confusion_and_among_equals_the_larger_share():
    rows = [prediction(f"{n}", "run", "$wave$", 0.5) for n in range(2)]
    assert most_confused([*PREDICTIONS, *rows]) == ("run", "$wave$", 2, 4)
    assert most_confused([*PREDICTIONS, *rows[:1]]) == ("wa<b>lk", "$wave$", 1, 2)
    assert most_confused(PREDICTIONS[:1]) is None


def test_first_answers_are_the_most_probable():
    assert first_answers({"probabilities": {"b": 0.2, "c": 0.6, "a": 0.2}}, 2) == [("c", 0.6), ("a", 0.2)]
