"""package: the report for people and the Bento for servers."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pandas as pd
from annotated_types import Ge

from sora import layout
from sora.atomic import write_text
from sora.bundle import read_bundle
from sora.evaluation.report import ReportInput, render_report
from sora.manifest import (
    SPLIT_NAMES,
    final_outcomes,
    probability_column,
    read_records,
    read_table,
    write_table,
)
from sora.params import STRICT, Settings
from sora.quality.balance import videos_per_label
from sora.serving.bento import build_bento


@dataclass(frozen=True)
class Params:
    """Parameters of package.

    Attributes:
        num_mistakes: worst mistakes that the report shows.
    """

    __pydantic_config__: ClassVar = STRICT

    num_mistakes: Annotated[int, Ge(0)]


def run(params: Params, settings: Settings) -> None:
    """Write what became of each input and the report, then build, export and store the Bento."""
    write_table(layout.OUTCOMES, outcomes())
    write_text(layout.REPORT, render_report(report_input(params)))
    build_bento(layout.BUNDLE, layout.BENTO)


def report_input(params: Params) -> ReportInput:
    """Gather what the stages before this one wrote."""
    manifest = read_table(layout.MANIFEST)
    bundle = read_bundle(layout.BUNDLE)
    validation = _read_json(layout.VALIDATION)
    videos = read_table(layout.VALIDATED).merge(read_table(layout.SPLITS), on="path")
    return ReportInput(
        source=_source(list(manifest["file"])),
        metrics=_read_json(layout.METRICS),
        per_class=read_records(layout.PER_CLASS),
        predictions=_predictions(),
        data_counts=videos_per_label(videos),
        split_counts={split: int((videos["split"] == split).sum()) for split in SPLIT_NAMES},
        model_name=bundle.spec.backbone.replace("_", " "),
        quarantined=validation["quarantined"],
        validation=validation,
        history=read_records(layout.HISTORY),
        compression=_read_json(layout.COMPRESSION),
        thumbnails=_thumbnails(manifest),
        lineage={**bundle.lineage, "model": bundle.version},
        num_mistakes=params.num_mistakes,
    )


def outcomes() -> pd.DataFrame:
    """Return path, label, outcome, stage and reason of every input of the pipeline."""
    features = read_table(layout.FEATURE_INDEX)
    return final_outcomes(
        read_table(layout.MANIFEST),
        read_table(layout.QUARANTINE),
        read_table(layout.CLIP_INDEX),
        features[features["view"] == 0],
    )


def _source(files: list[str]) -> str:
    """Return the folder that holds all files; fetched ones may lie elsewhere than the others."""
    folders = {Path(file).parent for file in files}
    if len({folder.is_absolute() for folder in folders}) > 1:
        return "several folders"
    return os.path.commonpath(folders)


def _predictions() -> list[dict[str, Any]]:
    prefix = probability_column("")
    rows = []
    for record in read_records(layout.PREDICTIONS):
        probabilities = {k.removeprefix(prefix): v for k, v in record.items() if k.startswith(prefix)}
        kept = {name: record[name] for name in ("path", "label", "predicted")}
        rows.append({**kept, "probabilities": probabilities})
    return rows


def _thumbnails(manifest: pd.DataFrame) -> dict[str, bytes]:
    files = {
        path: layout.THUMBNAILS / f"{digest}.jpg"
        for path, digest in zip(manifest["path"], manifest["content_hash"], strict=True)
    }
    return {path: file.read_bytes() for path, file in files.items() if file.exists()}


def _read_json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))
