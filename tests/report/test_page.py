import base64
import re
from dataclasses import replace

import cv2
import numpy as np
import pytest
from sora.evaluation.report import ReportInput, is_demo, render_report, worst_mistakes

from sora.evaluation import plots
from sora.evaluation.metrics import classification_metrics, per_class_table
from sora.video.strip import middle_tile, strip_jpeg

LABELS = ["run", "wa<b>lk", "$wave$"]
NASTY = 'run/"><script>alert(1)</script>.mp4'


def strip():
    return strip_jpeg([np.full((90, 160, 3), level, np.uint8) for level in (60, 120, 180)])


VALIDATION = {
    "warnings": [
        {"rule": "not_dark", "path": "run/<i>.mp4", "reason": "is under-exposed"},
        {"rule": "no_confounds", "path": "", "reason": "metadata alone names the label"},
        {"rule": "not_dark", "path": "run/b.mp4", "reason": "is under-exposed"},
    ],
    "near_duplicates": [
        {
            "path": "run/a.mp4",
            "other": "run/z.mp4",
            "kind": "near",
            **{"label": "run", "group": "a", "split": "train"},
            **{"other_label": "run", "other_group": "z", "other_split": "test"},
            "is_mirrored": True,
            "shift_seconds": -0.5,
        },
        {
            "path": "run/b.mp4",
            "other": "run/c.mp4",
            "kind": "near",
            **{"label": "run", "group": "a", "split": "train"},
            **{"other_label": "run", "other_group": "a", "other_split": "train"},
            "is_mirrored": False,
            "shift_seconds": 0.0,
        },
    ],
    "confounds": {
        "accuracy": 0.72,
        "chance": 0.17,
        "telling_columns": ["fps"],
        "columns": {"fps": {"accuracy": 0.33, "p_value": 0.01}, "width": {"accuracy": 0.17, "p_value": 1.0}},
    },
    "released": {NASTY: {"reason": "at night", "by": "anna", "findings": ["is black"]}},
}


def prediction(path, label, predicted, probability):
    others = [name for name in LABELS if name != predicted]
    spread = dict.fromkeys(others, (1 - probability) / 2)
    return {
        "path": path,
        "label": label,
        "predicted": predicted,
        "probabilities": {predicted: probability, **spread},
    }


PREDICTIONS = [
    prediction("run/a.mp4", "run", "run", 0.99),
    prediction(NASTY, "run", "wa<b>lk", 0.91),
    prediction("walk/c.mp4", "wa<b>lk", "$wave$", 0.6),
    prediction("walk/d.mp4", "wa<b>lk", "wa<b>lk", 0.7),
    prediction("wave/e.mp4", "$wave$", "$wave$", 0.8),
]


@pytest.fixture(scope="module")
def context():
    true = [row["label"] for row in PREDICTIONS]
    predicted = [row["predicted"] for row in PREDICTIONS]
    return ReportInput(
        source="data/demo",
        model_name="GRU on EfficientNet-Lite0",
        metrics=classification_metrics(true, predicted, list("abcde"), LABELS),
        per_class=per_class_table(true, predicted, LABELS),
        predictions=PREDICTIONS,
        data_counts={"run": {"train": 17, "test": 2}, "wa<b>lk": {"train": 19, "validation": 3, "test": 2}},
        split_counts={"train": 36, "validation": 3, "test": 4},
        quarantined={
            "walk/'dark'.mp4": ["is black in 100 % of its frames"],
            "x&y.mp4": ["is the same file as <a>"],
        },
        history=[
            {"epoch": epoch, "loss": 1 / epoch, "accuracy": 0.5, "val_loss": 1, "val_accuracy": 0.4}
            for epoch in (1, 2)
        ],
        compression={
            "candidates": [
                {"name": "float32", "size_bytes": 13_560_000, "latency_ms_median": 41.26, "accuracy": 0.6},
                {
                    "name": "float16",
                    "size_bytes": 6_800_000,
                    "latency_ms_median": 40.0,
                    "accuracy": 0.6,
                    "macro_f1": 0.55,
                    "max_probability_change": 0.00042,
                    "reason": "smallest",
                },
            ],
            "chosen": "float16",
            "reason": "Half the size at equal accuracy.",
        },
        thumbnails={NASTY: strip(), "x&y.mp4": strip()},
        validation=VALIDATION,
        lineage={"bundle": "9f2c"},
    )


def text_of(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.split("</style>")[1]))


def test_the_page_says_what_was_measured(context):
    text = text_of(render_report(context))
    assert "confusion" in render_report(context).lower()
    assert "The model names the right class for 60.0 % of 5 videos it has never seen" in text
    low, high = context.metrics["accuracy_interval_low"], context.metrics["accuracy_interval_high"]
    assert f"lies between {100 * low:.1f} % and {100 * high:.1f} % (t interval over 5 groups)" in text
    assert "Synthetic demo data." in text
    assert "Label train validation test all run 17 0 2 19" in text
    assert "All 36 3 4 43" in text
    assert "float16 chosen 6.8 MB 40 ms 60.0 % 55.0 % 0.00042 smallest" in text
    assert "float32 13.6 MB 41.3 ms 60.0 % – –" in text
    assert "2 videos kept out of training and testing" in text
    assert "bundle 9f2c" in text


def test_the_page_says_what_validate_found(context):
    text = text_of(render_report(context))
    assert "not_dark run/&lt;i&gt;.mp4: is under-exposed (1 more like it in validation.json)" in text
    assert "no_confounds metadata alone names the label" in text
    assert "right label for 72 % of the videos of unseen groups" in text
    assert "fps 33 % 0.01 Copies" in text
    assert "1 pair of the same footage" in text
    assert "run/a.mp4 train run/z.mp4 test near copy, mirrored, 0.5 s earlier" in text
    assert "Pairs within one group and split, where they leak nothing: 1." in text
    assert "is black. Released by anna: at night" in text
    calm = {**VALIDATION, "warnings": [], "near_duplicates": [], "confounds": None, "released": {}}
    text = text_of(render_report(replace(context, validation=calm)))
    assert "No warnings. Copies None across splits, groups or labels." in text
    assert "Released by hand" not in text


def test_the_page_needs_no_network_and_runs_no_text_as_markup(context):
    page = render_report(context)
    assert "<script" not in page
    assert "<b>" not in page
    assert "<i>" not in page
    assert "x&amp;y.mp4" in page
    assert not re.search(r"(src|href)=\"(?!data:image/(png|jpeg);base64,)", page)
    assert "url(" not in page
    assert "@import" not in page
    assert page.count(base64.b64encode(strip()).decode()) == 2  # in quarantine and released
    assert page.count(base64.b64encode(middle_tile(strip())).decode()) == 1  # a mistake
    assert page.count("no picture</div>") == 2  # the second mistake and the first in quarantine


def test_equal_input_gives_an_equal_page(context):
    assert render_report(context) == render_report(context)


def test_sections_without_data_are_left_out(context):
    bare = replace(
        context,
        source="videos",
        history=[],
        compression={},
        lineage={},
        quarantined={},
        validation={},
        predictions=PREDICTIONS[:1],
    )
    text = text_of(render_report(bare))
    for absent in ("Synthetic", "Training", "Compression", "Lineage", "Copies", "Checks"):
        assert absent not in text
    assert "None: every video met the expectations." in text
    assert "None: every test video was named rightly." in text


def test_the_most_confident_mistakes_come_first():
    found = worst_mistakes(PREDICTIONS)
    assert [(row["path"], row["about"], row["is_named"], row["probability"]) for row in found] == [
        (NASTY, "wa<b>lk", True, 0.91),
        ("walk/c.mp4", "$wave$", True, 0.6),
    ]


def several(path, label, predicted, *probabilities):
    named = dict(zip(LABELS, probabilities, strict=True))
    return {"path": path, "label": label, "predicted": predicted, "probabilities": named}


def test_with_several_labels_a_video_the_page_counts_and_names_them_all(context):
    rows = [
        several("a.mp4", "run;wa<b>lk", "run", 0.9, 0.2, 0.1),
        several("b.mp4", "run", "$wave$;run;wa<b>lk", 0.7, 0.6, 0.95),
        several("c.mp4", "run", "run", 0.7, 0.2, 0.1),
    ]
    true, predicted = ([row[name] for row in rows] for name in ("label", "predicted"))
    changed = replace(
        context,
        metrics=classification_metrics(true, predicted, list("abc"), LABELS, several_labels=True),
        per_class=per_class_table(true, predicted, LABELS),
        predictions=rows,
        data_counts={"run": {"train": 9, "test": 3}, "wa<b>lk": {"train": 8, "test": 1}},
        split_counts={"train": 10, "test": 3},
    )
    page = render_report(changed)
    text = text_of(page)
    assert "The model names all labels, and no other, for 33.3 % of 3 videos it has never seen" in text
    assert "one with several labels stands in several rows" in text
    assert "Videos 10 3 13" in text
    assert "at least 50 %, or the most probable one" in text
    assert "is run;wa&lt;b&gt;lk , named run (not wa&lt;b&gt;lk: 80 % probability)" in text
    assert "named $wave$;run;wa&lt;b&gt;lk ($wave$: 95 % probability)" in text
    assert "onfusion" not in page


@pytest.mark.parametrize(
    ("source", "expected"),
    [("data/demo", True), ("/home/a/data/demo/", True), ("data/demo2", False), ("demo", False)],
)
def test_only_the_demo_folder_is_synthetic(source, expected):
    assert is_demo(source) is expected


def test_figures_are_images_and_survive_odd_labels():
    labels = ["$a_{", "x" * 99, "<é>"]
    png = plots.confusion_matrix_plot(np.eye(3, dtype=int), labels)
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape[0] > 400
    svg = plots.per_class_plot(
        [{"label": name, "precision": 1.0, "recall": 0.5, "f1": 0.67, "num_videos": 2} for name in labels],
        "svg",
    )
    assert b"<svg" in svg
