"""Content of a report, with every part filled: what the stages write, in small, with hostile names."""

from typing import Any

import numpy as np

from sora.report.content import ReportContent
from sora.video.strip import strip_jpeg

LABELS = ["run", "wa<b>lk", "$wave$"]
NASTY = 'run/"><script>alert(1)</script>.mp4'
STRIP = strip_jpeg([np.full((90, 160, 3), level, np.uint8) for level in (60, 120, 180)])
SALIENCY = strip_jpeg([np.full((90, 160, 3), (200, 90, level), np.uint8) for level in (60, 120, 180)])


def prediction(path: str, label: str, predicted: str, probability: float) -> dict[str, Any]:
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


def pair(path: str, other: str, split: str, other_split: str, **changes: Any) -> dict[str, Any]:
    """Return a near copy as validate reports it, both ends of one group."""
    ends = {"label": "run", "group": "a", "other_label": "run", "other_group": "a"}
    how = {"kind": "near", "is_mirrored": False, "shift_seconds": 0.0}
    return {
        "path": path,
        "other": other,
        "split": split,
        "other_split": other_split,
        **ends,
        **how,
        **changes,
    }


VALIDATION = {
    "warnings": [
        {"rule": "not_dark", "path": "run/<i>.mp4", "reason": "is under-exposed"},
        {"rule": "no_confounds", "path": "", "reason": "metadata alone names the label"},
        {"rule": "not_dark", "path": "run/b.mp4", "reason": "is under-exposed"},
    ],
    "near_duplicates": [
        pair(
            "run/a.mp4", "run/z.mp4", "train", "test", other_group="z", is_mirrored=True, shift_seconds=-0.5
        ),
        pair("run/b.mp4", "run/c.mp4", "train", "train"),
    ],
    "confounds": {
        "accuracy": 0.72,
        "chance": 0.17,
        "telling_columns": ["fps"],
        "columns": {"fps": {"accuracy": 0.33, "p_value": 0.01}, "width": {"accuracy": 0.17, "p_value": 1.0}},
    },
    "quarantined": {
        "walk/'dark'.mp4": ["is black in 100 % of its frames"],
        "x&y.mp4": ["is the same as <a>"],
    },
    "released": {NASTY: {"reason": "at night", "by": "anna", "findings": ["is black"]}},
}


PER_CLASS = [
    {"label": label, "precision": precision, "recall": recall, "f1": f1, "num_videos": num_videos}
    for label, precision, recall, f1, num_videos in zip(
        LABELS, (1.0, 0.5, 0.5), (0.5, 0.5, 1.0), (2 / 3, 0.5, 2 / 3), (2, 2, 1), strict=True
    )
]


def baseline(accuracy: float, difference: float, low: float, high: float) -> dict[str, float]:
    return {
        "accuracy": accuracy,
        "accuracy_interval_low": accuracy - 0.1,
        "accuracy_interval_high": accuracy + 0.1,
        "difference": difference,
        "difference_low": low,
        "difference_high": high,
    }


def level(value: float, accuracy: float) -> dict[str, float]:
    interval = {"accuracy_interval_low": accuracy - 0.1, "accuracy_interval_high": accuracy + 0.1}
    return {"level": value, "accuracy": accuracy, **interval, "mean_probability": 0.5, "agreement": 0.75}


def condition(title: str, unit: str, levels: dict[float, float]) -> dict[str, Any]:
    rows = [level(value, accuracy) for value, accuracy in levels.items()]
    return {"name": title.lower(), "title": title, "unit": unit, "levels": rows}


ROBUSTNESS = {
    "num_videos": 30,
    "accuracy": 0.6,
    "accuracy_interval_low": 0.4,
    "accuracy_interval_high": 0.8,
    "conditions": [
        condition("Noise", "grey levels", {8: 0.58, 32: 0.57}),
        condition("Blur", "pixels", {1: 0.5, 4: 0.3}),
    ],
    "time": {
        "verdict": "The model does not use time <at all>.",
        "uses_direction": "no",
        "order_change": {"mean": 0.0, "low": 0.0, "high": 0.0},
        "reversed": level(0, 0.56),
        "shuffled": level(0, 0.55),
    },
}


def curves(saliency_area: float, random_area: float) -> dict[str, Any]:
    fractions = {"fractions": [0.0, 0.5, 1.0], "saliency": [0.9, 0.3, 0.1], "random": [0.9, 0.6, 0.1]}
    return {"saliency_area": saliency_area, "random_area": random_area, **fractions}


EXPLANATION = {
    "num_videos": 2,
    "method": "Grad-CAM & friends",
    "deletion": curves(0.31, 0.52),
    "insertion": curves(0.66, 0.47),
    "frames": {"deletion": curves(0.4, 0.5), "insertion": curves(0.6, 0.5)},
    "videos": [
        {"path": NASTY, "label": "run", "predicted": "wa<b>lk", "probability": 0.91, "image": "0001.jpg"},
        {"path": "run/a.mp4", "label": "run", "predicted": "run", "probability": 0.99, "image": "0002.jpg"},
    ],
}


def part(column: str, value: str, accuracy: float, low: float, high: float) -> dict[str, Any]:
    interval = {"accuracy_interval_low": low, "accuracy_interval_high": high}
    return {
        "column": column,
        "value": value,
        "num_videos": 9,
        "num_groups": 3,
        "accuracy": accuracy,
        **interval,
    }


EVALUATION = {
    "reliability": [
        {
            "confidence_low": 0.6,
            "confidence_high": 0.8,
            "mean_confidence": 0.7,
            "accuracy": 0.5,
            "num_videos": 2,
        },
        {
            "confidence_low": 0.8,
            "confidence_high": 1.0,
            "mean_confidence": 0.9,
            "accuracy": 0.6,
            "num_videos": 3,
        },
    ],
    "roc": {name: {"false_positive_rate": [0, 0, 1], "true_positive_rate": [0, 1, 1]} for name in LABELS},
    "precision_recall": {name: {"recall": [0, 0.5, 1], "precision": [1, 0.8, 0.3]} for name in LABELS},
    "slices": [
        part("duration", "1.5 to <3> s", 0.2, 0.1, 0.4),
        part("codec", "mpeg4", 0.6, 0.4, 0.8),
    ],
    "embedding_map": [
        {name: row[name] for name in ("path", "label", "predicted")}
        | {"x": float(place), "y": float(place**2)}
        for place, row in enumerate(PREDICTIONS)
    ],
    "slices_note": "2 slices were looked at.",
    "embedding_map_method": "t-SNE",
    "warnings": ["The label 'x' has no test video."],
}
TRAINING = {
    "head": "linear",
    "num_parameters": 2878022,
    "inner": {
        "found_by": "5 folds of groups",
        "fused": {"accuracy": 0.967, "log_loss": 0.135},
        "blocks": {
            "rgb": {"accuracy": 0.9, "log_loss": 0.28},
            "motion": {"accuracy": 0.78, "log_loss": 0.74},
        },
        "chosen": {"rgb": ["svm", 10.0]},
        "shares": {"rgb": 0.75, "motion": 0.25},
    },
    "calibration": {"temperature": 1.25, "reason": "fitted on 9 val videos", "log_loss_before": 0.5},
}


def candidate(name: str, megabytes: float, milliseconds: float, accuracy: float, **others: Any) -> dict[str, Any]:
    runtime, precision = name.split("-")
    return {
        "name": name,
        "runtime": runtime,
        "precision": precision,
        "removed_channels": 0.0,
        "size_bytes": int(1e6 * megabytes),
        "latency_ms_median": milliseconds,
        "latency_ms_p95": 1.25 * milliseconds,
        "batch_1_ms_median": milliseconds / 50,
        "batch_1_ms_p95": milliseconds / 40,
        "batch_8_ms_median": milliseconds / 6,
        "batch_8_ms_p95": milliseconds / 5,
        "peak_memory_bytes": 98_000_000,
        "accuracy": accuracy,
        "accuracy_interval_low": accuracy - 0.2,
        "accuracy_interval_high": accuracy + 0.1,
        "macro_f1": accuracy - 0.05,
        "agreement": 1.0,
        "val_accuracy": 0.75,
        "val_agreement": 1.0,
        "max_probability_change": 0.0,
        "refused": "",
        **others,
    }


COMPRESSION = {
    "candidates": [
        candidate("onnx-float32", 13.56, 41.26, 0.6),
        candidate("litert-float32", 13.58, 50.0, 0.6, refused="is not clearly faster"),
        candidate("litert-float16", 6.8, 30.0, 0.6, max_probability_change=0.00042),
        candidate("litert-int8", 4.1, 20.0, 0.4, val_accuracy=None, refused="too <bad>"),
    ],
    "chosen": "litert-float16",
    "reason": "Half the size at equal accuracy.",
    "edge": {"chosen": "litert-float32", "reason": "Nothing else is as good.", "refused": {"litert-int8": "x"}},
}


METRICS = {
    "kind": "one_label",
    "accuracy": 0.6,
    "accuracy_interval_low": 0.12,
    "accuracy_interval_high": 0.981,
    "accuracy_interval_method": "t interval over 5 groups",
    "macro_precision": 2 / 3,
    "macro_recall": 2 / 3,
    "macro_f1": 0.611,
    "num_test_videos": 5,
    "expected_calibration_error": 0.26,
    "macro_roc_auc": 0.97,
    "temperature": 1.25,
    "baselines": {
        "metadata": baseline(0.3, 0.3, 0.1, 0.5),
        "mean_pooled": baseline(0.55, 0.05, -0.02, 0.12),
    },
}


def full_content(**changes: Any) -> ReportContent:
    """Return content with every part filled but the comparison; ``changes`` replace some."""
    values: dict[str, Any] = {
        "source": "data/demo",
        "model_name": "GRU on EfficientNet-Lite0",
        "metrics": METRICS,
        "per_class": [{**row, "roc_auc": 0.981, "average_precision": 0.873} for row in PER_CLASS],
        "predictions": PREDICTIONS,
        "num_test_groups": 5,
        "data_counts": {
            "run": {"train": 17, "test": 2},
            "wa<b>lk": {"train": 19, "validation": 3, "test": 2},
        },
        "split_counts": {"train": 36, "validation": 3, "test": 4},
        "evaluation": EVALUATION,
        "robustness": ROBUSTNESS,
        "explanation": EXPLANATION,
        "training": TRAINING,
        "data_sheet": [("Videos", "43 of 12 groups"), ("Codec", "h264 <b>")],
        "quarantined": VALIDATION["quarantined"],
        "validation": VALIDATION,
        "history": [
            {"epoch": epoch, "loss": 1 / epoch, "accuracy": 0.5, "val_loss": 1, "val_accuracy": 0.4}
            for epoch in (1, 2)
        ],
        "compression": COMPRESSION,
        "thumbnails": {NASTY: STRIP, "x&y.mp4": STRIP},
        "saliency_strips": {NASTY: SALIENCY, "run/a.mp4": SALIENCY},
        "lineage": {"model": "9f2c", "sora": "0.1.0"},
    }
    return ReportContent(**(values | changes))
