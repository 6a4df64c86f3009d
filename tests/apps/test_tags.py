import pytest
from analyses import analysis, without_extras

from sora.apps.tagging.groups import GROUPS
from sora.apps.tagging.tags import as_json, tags


def test_labels_kinds_and_objects_are_ranges_with_confidences():
    dogs = GROUPS["dog"]
    objects = {dogs[0]: [0.0, 0.3, 0.3], dogs[1]: [0.0, 0.3, 0.25], 999: [0.0, 0.1, 0.9]}
    given = analysis([[0.9, 0.1, 0.0], [0.9, 0.1, 0.0], [0.1, 0.2, 0.7]], objects=objects, shots=[0, 1, 2])
    found = [(t.name, t.kind, t.start_seconds, t.end_seconds, round(t.confidence, 3)) for t in tags(given)]
    assert found == [
        ("Jumping", "label", 0, 8, 0.9),
        ("dog", "group", 4, 12, 0.575),
        ("WavingHands", "label", 8, 12, 0.7),
        ("couch", "object", 8, 12, 0.9),
    ]


def test_nothing_is_named_that_is_not_likely():
    given = analysis([[0.4, 0.3, 0.3]], objects={5: [0.5], 999: [0.55]})
    assert tags(given) == []


def test_without_objects_there_are_labels_only():
    given = without_extras(analysis([[0.9, 0.1, 0.0]]))
    assert as_json(tags(given)) == [
        {
            "name": "Jumping",
            "kind": "label",
            "start_seconds": 0.0,
            "end_seconds": 4.0,
            "confidence": pytest.approx(0.9),
            "peak": pytest.approx(0.9),
        }
    ]


def test_kinds_are_apart():
    places = [place for group in GROUPS.values() for place in group]
    assert len(places) == len(set(places))
    assert max(places) < 1000
