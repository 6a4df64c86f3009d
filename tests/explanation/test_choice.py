from collections import Counter

from sora.explanation.choice import videos_to_explain


def row(path, label, predicted, **probabilities):
    probabilities = {"a": 0, "b": 0, "c": 0} | probabilities
    return {"path": path, "label": label, "predicted": predicted, "probabilities": probabilities}


def paths(rows):
    return [each["path"] for each in rows]


RIGHT = [row(f"{label}{i:02}", label, label) for label in "abc" for i in range(10)]


def test_the_most_confident_mistakes_come_first():
    wrong = [row(f"w{i:02}", "a", "b", a=0.2, b=0.5 + i / 100) for i in range(20)]
    found = paths(videos_to_explain([*RIGHT, *wrong], 15))
    assert found[:12] == [f"w{i:02}" for i in range(19, 7, -1)]
    assert Counter(path[0] for path in found[12:]) == {"a": 1, "b": 1, "c": 1}
    assert paths(videos_to_explain([*RIGHT, *wrong], 3)) == ["w19", "w18", "w17"]


def test_others_are_spread_over_labels_and_over_their_videos():
    few = [each for each in RIGHT if each["path"] != "c09" and not each["path"].startswith("a")]
    found = paths(videos_to_explain([*few, row("a00", "a", "a")], 7))
    assert Counter(path[0] for path in found) == {"a": 1, "b": 3, "c": 3}
    assert [path for path in found if path[0] == "b"] == ["b01", "b05", "b08"]


def test_there_are_as_many_as_asked_for_where_there_are_so_many():
    wrong = [row(f"w{i:02}", "a", "b", b=0.9) for i in range(20)]
    assert len(videos_to_explain([*RIGHT, *wrong], 100)) == 50
    assert len(videos_to_explain([*RIGHT[:2], *wrong], 16)) == 16
    assert videos_to_explain([*RIGHT, *wrong], 0) == []
    assert videos_to_explain([], 5) == []


def test_with_several_labels_what_is_said_wrongly_or_left_out_counts():
    rows = [
        row("extra", "a", "a;b", a=0.99, b=0.6),
        row("missing", "a;b", "a", a=0.99, b=0.1),
        row("both", "a", "b;c", a=0.1, b=0.7, c=0.8),
    ]
    assert paths(videos_to_explain(rows, 3)) == ["missing", "both", "extra"]
