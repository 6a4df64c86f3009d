from sora.evaluation.caveats import caveats

AREAS = [{"label": "run", "roc_auc": 0.9}, {"label": "wave", "roc_auc": None}]


def test_a_reader_is_told_what_the_numbers_cannot_say():
    few = caveats(["a"] * 30 + ["b"] * 30, AREAS)
    assert [text.split(":")[0] for text in few[:2]] == [
        "The test videos are of 2 groups only",
        "No test video, or every one, has the label wave",
    ]
    assert few[2].startswith("With 60 test videos the calibration error is mostly chance")
    assert caveats(["a"] * 200, AREAS[:1]) == [
        "All test videos are of one group, which says nothing about videos of others; add groups."
    ]
    assert caveats([str(i % 10) for i in range(100)], AREAS[:1]) == []
