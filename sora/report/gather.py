"""Reads what the stages wrote, as the content of the report."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sora import layout
from sora.bundle import read_bundle
from sora.evaluation.predictions import prediction_rows
from sora.manifest import SPLIT_NAMES, read_records, read_table
from sora.quality.balance import videos_per_label
from sora.report.content import ReportContent
from sora.report.data_sheet import data_sheet


@dataclass(frozen=True)
class Choices:
    """What the user decides about the report; see the parameters of package."""

    num_mistakes: int = 12
    intended_use: str = ""
    ethical_considerations: str = ""


def read_content(choices: Choices) -> ReportContent:
    """Gather the report's content from the current folder; parts that were not made stay empty.

    Raises:
        SoraError: a table or the bundle is missing or damaged.
    """
    manifest = read_table(layout.MANIFEST)
    bundle = read_bundle(layout.BUNDLE)
    validation, explanation = _read_json(layout.VALIDATION), _read_optional(layout.EXPLANATION)
    videos = read_table(layout.VALIDATED).merge(read_table(layout.SPLITS), on="path")
    return ReportContent(
        source=_source(list(manifest["file"])),
        metrics=_read_json(layout.METRICS),
        per_class=read_records(layout.PER_CLASS),
        predictions=prediction_rows(read_records(layout.PREDICTIONS)),
        data_counts=videos_per_label(videos),
        split_counts={split: int((videos["split"] == split).sum()) for split in SPLIT_NAMES},
        model_name=bundle.spec.backbone.replace("_", " "),
        num_test_groups=int(videos.loc[videos["split"] == "test", "group"].nunique()),
        evaluation=_read_optional(layout.EVALUATION),
        robustness=_read_optional(layout.ROBUSTNESS),
        explanation=explanation,
        training=_read_json(layout.TRAINING),
        data_sheet=data_sheet(videos),
        quarantined=validation["quarantined"],
        validation=validation,
        history=read_records(layout.HISTORY),
        compression=_read_json(layout.COMPRESSION),
        thumbnails=_thumbnails(manifest),
        saliency_strips=_saliency_strips(explanation),
        lineage={**bundle.lineage, "model": bundle.version},
        num_mistakes=choices.num_mistakes,
        intended_use=choices.intended_use,
        ethical_considerations=choices.ethical_considerations,
    )


def _source(files: list[str]) -> str:
    """Return the folder that holds all files; fetched ones may lie elsewhere than the others."""
    folders = {Path(file).parent for file in files}
    if len({folder.is_absolute() for folder in folders}) > 1:
        return "several folders"
    return os.path.commonpath(folders)


def _thumbnails(manifest: pd.DataFrame) -> dict[str, bytes]:
    files = {
        path: layout.THUMBNAILS / f"{digest}.jpg"
        for path, digest in zip(manifest["path"], manifest["content_hash"], strict=True)
    }
    return {path: file.read_bytes() for path, file in files.items() if file.exists()}


def _saliency_strips(explanation: dict[str, Any]) -> dict[str, bytes]:
    videos = explanation.get("videos") or []
    return {row["path"]: (layout.EXPLANATION_IMAGES / row["image"]).read_bytes() for row in videos}


def _read_json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def _read_optional(path: Path) -> dict[str, Any]:
    return _read_json(path) if path.exists() else {}
