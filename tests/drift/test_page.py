import re
from html.parser import HTMLParser

import pytest
from drift_samples import sample

from sora.drift.alarm import alarm
from sora.drift.compare import Drift, compare
from sora.drift.page import render_drift
from sora.drift.words import as_json, headline, sentences


class Balance(HTMLParser):
    """Fails where a tag is closed that is not the last one opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open_tags: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in {"meta", "br"}:
            self.open_tags.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in {"line", "circle", "polyline", "polygon", "rect"}

    def handle_endtag(self, tag):
        assert self.open_tags.pop() == tag


@pytest.fixture(scope="module")
def moved() -> Drift:
    return compare(sample(40, 0), sample(30, 1, shift=1.5, dark=0.3), seed=0)


@pytest.fixture(scope="module")
def page(moved) -> str:
    return render_drift(moved, alarm(moved), {"<b>ad.mp4": "is empty (0 bytes)"})


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.split("</style>")[1]))


def test_the_page_has_all_its_parts(page, moved):
    assert re.findall(r'<section id="([\w-]+)">', page) == [
        "properties",
        "moved",
        "map",
        "mixes",
        "not-judged",
    ]
    text = text_of(page)
    assert "These videos have drifted" in text
    assert "Alarm raised" in text
    assert "1 video could not be judged" in text
    assert page.count('<circle class="point') == 70
    assert page.count("<figure><figcaption>Mean brightness") == 1
    assert len(re.findall(r'<rect class="(?:was|is)"', page)) == 2 * 3  # brightness, fps, confidence


def test_the_page_needs_no_network_is_well_formed_and_escapes_names(page):
    assert not re.search(r"https?:|<script|<link|@import|url\(", page)
    assert "wa<b>lk" not in page
    assert "wa&lt;b&gt;lk" in page
    assert "<b>ad" not in page
    checked = Balance()
    checked.feed(page)
    assert checked.open_tags == []


def test_equal_input_gives_an_equal_page(page, moved):
    assert render_drift(moved, alarm(moved), {"<b>ad.mp4": "is empty (0 bytes)"}) == page


def test_the_sentences_say_what_moved_and_what_it_means(moved):
    said = sentences(moved)
    assert said[0].startswith(
        "The videos of seed 1 differ from the videos of seed 0 by more than chance explains"
    )
    assert re.search(r"mean brightness \(median 0\.\d+, now 0\.1\d*\)", said[1])
    assert "embeddings (effect 0." in said[1]
    assert "how good it is on them is not known" in said[2]


def test_no_drift_is_no_promise_where_videos_are_few():
    found = compare(sample(40, 0), sample(10, 3), seed=0)
    assert headline(found) == "No drift was found"
    assert sentences(found)[1] == "With 10 videos, only large changes would show."
    page = render_drift(found, alarm(found), {})
    assert re.findall(r'<section id="([\w-]+)">', page) == ["properties", "map", "mixes"]
    assert "Alarm none" in text_of(page)


def test_the_json_has_every_figure(moved):
    found = as_json(moved, alarm(moved), {"bad.mp4": "is empty"})
    assert (found["has_drifted"], found["alpha"], found["not_judged"]) == (
        True,
        0.05,
        {"bad.mp4": "is empty"},
    )
    assert found["alarm"]["is_raised"] is True
    assert found["window"] == {"what": "the videos of seed 1", "num_videos": 30, "num_independent": 30}
    by_name = {row["name"]: row for row in found["differences"]}
    assert len(by_name["mean_brightness"]["window_quantiles"]) == 5
    assert set(by_name["label"]["shares"]) == {"run", "wa<b>lk", "wave"}
    assert "shares" not in by_name["embedding"]
