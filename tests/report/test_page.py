import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from report_samples import (
    METRICS,
    NASTY,
    PER_CLASS,
    PREDICTIONS,
    SALIENCY,
    STRIP,
    TRAINING,
    VALIDATION,
    full_content,
)

from sora.report.page import render_report

VOID = {"meta", "img", "br"}
SHAPES = {"line", "circle", "polyline", "polygon", "rect"}


@pytest.fixture(scope="module")
def page() -> str:
    return render_report(full_content())


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.split("</style>")[1]))


def section(page: str, name: str) -> str:
    found = re.search(rf'<section id="{name}">.*?</section>', page, re.DOTALL)
    return text_of("</style>" + found[0]) if found else ""


def titles(page: str) -> list[str]:
    return re.findall(r'<section id="(\w+)">', page)


def test_sections_stand_in_the_order_that_a_reader_needs(page):
    assert titles(page) == [
        *("summary", "confusion", "classes", "calibration", "slices", "training", "mistakes", "robustness"),
        *("explanation", "map", "data", "checks", "compression", "lineage"),
    ]
    assert re.findall(r'<a href="#(\w+)">', page) == titles(page)


def test_the_head_says_how_good_it_is(page):
    text = text_of(page)
    assert "The model names the right label for 60.0 % of 5 videos it has never seen" in text
    assert "lies between 12.0 % and 98.1 % (t interval over 5 groups)" in text
    assert "Synthetic demo data." in text
    assert "Shipped as litert-float16 6.8 MB, 30 ms a video" in text


def test_tables_show_the_numbers_given(page):
    assert "Label train validation test all run 17 0 2 19" in section(page, "data")
    assert "All 36 3 4 43" in section(page, "data")
    found = section(page, "compression")
    assert (
        "litert-float16 here 6.8 MB 30 ms 37.5 ms 98 MB 60.0 % 40.0 % to 70.0 % 75.0 % 100.0 % 0.00042"
        in found
    )
    assert "litert-int8 4.1 MB 20 ms 25 ms 98 MB 40.0 % 20.0 % to 50.0 % – 100.0 % 0 too &lt;bad&gt;" in found
    assert "litert-float32 edge 13.6 MB" in found
    assert "Edge devices get litert-float32 . Nothing else is as good." in found
    assert "run 100.0 % 50.0 % 66.7 % 98.1 % 87.3 % 2" in section(page, "classes")
    assert "The file&#39;s metadata alone 30.0 % 20.0 % to 40.0 % +30.0 points" in section(page, "summary")
    assert "60 % to 80 % 70.0 % 50.0 % 2" in section(page, "calibration")
    assert "a temperature of 1.25 (fitted on 9 val videos)." in section(page, "calibration")
    assert "rgb 90.0 % 0.28 75 % svm, strength 10" in section(page, "training")
    assert "together 96.7 % 0.135" in section(page, "training")
    assert "Blur 4 pixels 30.0 % 20.0 % to 40.0 % 75.0 % 50.0 %" in section(page, "robustness")
    assert "backwards 56.0 % 46.0 % to 66.0 %" in section(page, "robustness")
    assert "model 9f2c" in section(page, "lineage")
    below = "duration 1.5 to &lt;3&gt; s below the whole 20.0 % 10.0 % to 40.0 % 9 3 codec mpeg4 60.0 %"
    assert below in section(page, "slices")
    assert "2 slices were looked at." in section(page, "slices")


def test_mistakes_come_with_what_decided_or_else_with_their_frames(page):
    found = section(page, "mistakes")
    assert "2 of 5 videos named wrongly" in found
    assert "is run , named wa&lt;b&gt;lk with 91 % probability" in found
    assert "wa&lt;b&gt;lk 91 % $wave$ 4 % run 4 %" in found
    assert page.count(base64.b64encode(SALIENCY).decode()) == 2  # a mistake, and one that is named rightly
    without = render_report(full_content(saliency_strips={}))
    assert base64.b64encode(STRIP).decode() in re.search(
        r'<section id="mistakes">.*?</section>', without, re.DOTALL
    )[0].replace("&#43;", "+")


def test_the_page_says_what_validate_found(page):
    text = section(page, "checks")
    assert "not_dark run/&lt;i&gt;.mp4: is under-exposed (1 more like it in validation.json)" in text
    assert "no_confounds metadata alone names the label" in text
    assert "right label for 72 % of the videos of unseen groups" in text
    assert "fps 33 % 0.01 Copies" in text
    assert "1 pair of the same footage" in text
    assert "run/a.mp4 train run/z.mp4 test near copy, mirrored, 0.5 s earlier" in text
    assert "Pairs within one group and split, where they leak nothing: 1." in text
    assert "is black. Released by anna: at night" in text
    assert "2 videos kept out of training and testing" in section(page, "data")
    calm = {**VALIDATION, "warnings": [], "near_duplicates": [], "confounds": None, "released": {}}
    text = section(render_report(full_content(validation=calm)), "checks")
    assert "No warnings. Copies None across splits, groups or labels." in text
    assert "Released by hand" not in text


def test_the_page_needs_no_network_and_runs_no_text_as_markup(page):
    assert "<script" not in page
    assert "<b>" not in page
    assert "<i>" not in page
    assert "x&amp;y.mp4" in page
    addresses = re.findall(r'\b(?:src|href)="([^"]*)"', page)
    assert [one for one in addresses if not re.match(r"#\w+$|data:image/(png|jpeg);base64,", one)] == []
    assert "url(" not in page
    assert "@import" not in page


class Checker(HTMLParser):
    """Collects headings and pictures, and fails where an element is not closed where it should be."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.headings: list[int] = []
        self.pictures: list[dict[str, str | None]] = []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        if re.fullmatch(r"h\d", tag):
            self.headings.append(int(tag[1]))
        if tag == "img" or found.get("role") == "img":
            self.pictures.append(found)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in SHAPES

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_html_is_well_formed_and_can_be_listened_to(page):
    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    assert len(set(checker.ids)) == len(checker.ids)
    assert checker.headings[0] == 1
    assert checker.headings.count(1) == 1
    for above, below in zip(checker.headings, checker.headings[1:], strict=False):
        assert below <= above + 1
    assert all(picture.get("alt") or picture.get("aria-label") for picture in checker.pictures)


def test_equal_content_gives_an_equal_page(page):
    assert render_report(full_content()) == page


def test_parts_that_were_not_made_are_left_out():
    empty = {"num_videos": 0, "conditions": []}, {"num_videos": 0, "videos": []}
    bare = full_content(
        source="videos",
        metrics={name: value for name, value in METRICS.items() if "macro" in name or "ac" in name}
        | {"kind": "one_label", "num_test_videos": 5, "baselines": {}},
        per_class=PER_CLASS,
        evaluation={"reliability": [], "roc": {}, "slices": [], "embedding_map": [], "warnings": []},
        robustness=empty[0],
        explanation=empty[1],
        predictions=PREDICTIONS[:1],
        **{name: {} for name in ("compression", "lineage", "quarantined", "validation", "training")},
        **{name: [] for name in ("history", "data_sheet")},
    )
    page = render_report(bare)
    assert titles(page) == ["summary", "confusion", "classes", "mistakes", "data"]
    text = text_of(page)
    for absent in ("Synthetic", "trusted", "ROC", "None to"):
        assert absent not in text
    assert "None: every video met the expectations." in text
    assert "None: every test video was named rightly." in text
    assert titles(render_report(replace(bare, predictions=[]))) == ["summary", "classes", "mistakes", "data"]


@pytest.mark.parametrize("inner", [{"found_by": "the validation split", "accuracy": 0.8, "epoch": 7}, {}])
def test_a_training_over_epochs_has_curves(inner):
    page = render_report(full_content(training={"head": "gru", "num_parameters": 10, "inner": inner}))
    assert "Loss and accuracy by epoch" in page
    assert ("accuracy 80.0 % in epoch 7" in section(page, "training")) is bool(inner)
    in_one_step = render_report(full_content(history=full_content().history[:1], training=TRAINING))
    assert "Loss and accuracy by epoch" not in in_one_step


UPDATE = {
    "found_by": "the validation split",
    "accuracy": 0.9,
    "epoch": 1,
    "num_new": 1,
    "num_replayed": 30,
    "effect": {
        "num_videos": 20,
        "before": 0.5,
        "after": 0.9,
        "old": {"num_videos": 10, "before": 1.0, "after": 0.8, "after_among_old": 0.95},
    },
}


def test_an_update_tells_what_it_gained_and_what_it_forgot():
    training = {"head": "linear", "num_parameters": 10, "inner": UPDATE}
    text = section(render_report(full_content(training=training)), "training")
    assert "taught 1 new video and saw 30 videos that it knows again" in text
    assert "On 20 validation videos its accuracy went from 50.0 % to 90.0 %" in text
    assert (
        "it names 80.0 % rightly, 95.0 % where new labels may not be the answer; the parent, 100.0 %" in text
    )
    alone = {**UPDATE, "effect": None}
    assert "validation videos its accuracy" not in render_report(
        full_content(training=training | {"inner": alone})
    )


def several(path, label, predicted, *probabilities):
    named = dict(zip(["run", "wa<b>lk", "$wave$"], probabilities, strict=True))
    return {"path": path, "label": label, "predicted": predicted, "probabilities": named}


def test_with_several_labels_a_video_the_page_counts_and_names_them_all():
    rows = [
        several("a.mp4", "run;wa<b>lk", "run", 0.9, 0.2, 0.1),
        several("b.mp4", "run", "$wave$;run;wa<b>lk", 0.7, 0.6, 0.95),
        several("c.mp4", "run", "run", 0.7, 0.2, 0.1),
    ]
    page = render_report(
        full_content(
            metrics={**METRICS, "kind": "several_labels", "accuracy": 1 / 3, "num_test_videos": 3},
            predictions=rows,
            data_counts={"run": {"train": 9, "test": 3}, "wa<b>lk": {"train": 8, "test": 1}},
            split_counts={"train": 10, "test": 3},
        )
    )
    text = text_of(page)
    assert "The model names all labels, and no other, for 33.3 % of 3 videos it has never seen" in text
    assert "A video with several labels stands in several rows." in text
    assert "Videos 10 3 13" in text
    assert "at least 50 %, or the most probable one" in text
    assert "is run;wa&lt;b&gt;lk , named run (not wa&lt;b&gt;lk: 80 % probability)" in text
    assert "named $wave$;run;wa&lt;b&gt;lk ($wave$: 95 % probability)" in text
    assert "onfusion" not in page


def test_a_comparison_stands_after_the_summary():
    change = {"name": "accuracy", "before": 0.4, "after": 0.6, "difference": 0.2}
    score = {"label": "run", "num_videos": 2, "recall_before": 0.0, "recall_after": 0.5}
    flip = {"path": NASTY, "label": "run", "predicted_before": "wa<b>lk", "predicted_after": "run"}
    comparison = {
        "sentence": "workspace is better than <main>.",
        "notes": ["1 video became right."],
        "before": "<main>",
        "after": "workspace",
        "num_videos": 5,
        "num_groups": 3,
        "metrics": [change, {**change, "name": "log_loss", "before": None, "difference": None}],
        "classes": [{**score, "f1_before": 0.0, "f1_after": 0.667}],
        "flips": [{**flip, "probability_before": 0.1, "probability_after": 0.7, "is_gain": True}],
    }
    page = render_report(full_content(comparison=comparison))
    assert titles(page)[:2] == ["summary", "comparison"]
    text = section(page, "comparison")
    assert "workspace is better than &lt;main&gt;." in text
    assert "accuracy 0.4 0.6 +0.2 log_loss – 0.6 –" in text
    assert "run 2 0.0 % 50.0 % 0.0 % 66.7 %" in text
    assert "run wa&lt;b&gt;lk run 10 % → 70 % right" in text
    assert "<script" not in page
