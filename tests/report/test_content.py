import pytest
from report_samples import full_content


@pytest.mark.parametrize(
    ("source", "expected"),
    [("data/demo", True), ("/home/a/data/demo/", True), ("data/demo2", False), ("demo", False)],
)
def test_only_the_demo_folder_is_synthetic(source, expected):
    assert full_content(source=source).is_demo is expected


def test_chance_is_the_share_of_the_most_frequent_answer():
    assert full_content().chance == 0.4
    assert full_content(predictions=[]).chance == 0.0


def test_what_is_shipped_is_the_chosen_candidate():
    assert full_content().shipped["name"] == "litert-float16"
    assert full_content(compression={}).shipped == {}
