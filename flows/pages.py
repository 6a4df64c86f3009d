"""What Prefect's page of a run shows: how good the model is, what it takes for what, what the gate said."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from sora import layout
from sora.manifest import read_table
from sora.registry.promotion import Outcome

_MEASURES = {
    "macro_f1": "macro F1",
    "macro_precision": "macro precision",
    "macro_recall": "macro recall",
}


def publish_measures(project: Path) -> None:
    """Publish the measures of the model that a run left in a project's folder, and where its report is."""
    metrics = json.loads((project / layout.METRICS).read_text(encoding="utf-8"))
    report = (project / layout.REPORT).resolve()
    text = "\n\n".join(
        [
            "# The model of this run",
            measures_table(metrics),
            "## What it took for what",
            "A row for each label, a column for each answer, in test videos.",
            confusion_matrix(read_table(project / layout.CONFUSION)),
            f"The whole report is `{report}` on the machine of the worker (`sora report` opens it).",
        ]
    )
    create_markdown_artifact(text, key="sora-model", description="Measures and confusion matrix")
    create_link_artifact(report.as_uri(), "report.html", key="sora-report", description="The report")


def publish_decision(outcome: Outcome) -> None:
    """Publish what the gate said of a candidate, and what became of it."""
    table = [
        {"condition": check.name, "holds": "yes" if check.passed else "NO", "what was found": check.sentence}
        for check in outcome.decision.checks
    ]
    create_table_artifact(table, key="sora-gate", description=f"**{outcome.version}: {outcome.status}**")


def measures_table(metrics: dict[str, Any]) -> str:
    """Return the measures of metrics.json as a Markdown table, accuracy with its interval."""
    interval = (
        f"{metrics['accuracy_interval_low']:.3f} to {metrics['accuracy_interval_high']:.3f} "
        f"({metrics['accuracy_interval_method']})"
    )
    rows = [["accuracy", f"{metrics['accuracy']:.3f}", interval]]
    rows += [[words, f"{metrics[name]:.3f}", ""] for name, words in _MEASURES.items()]
    rows.append(["test videos", str(metrics["num_test_videos"]), ""])
    return markdown_table(["measure", "value", "95 % interval"], rows)


def confusion_matrix(answers: pd.DataFrame) -> str:
    """Return a Markdown table of how often each label (rows) was answered with each (columns).

    ``answers`` has a row for each video, or for each label of each, with the columns label and predicted.
    """
    counts = pd.crosstab(answers["label"], answers["predicted"])
    rows = [
        [f"**{label}**", *map(str, row)] for label, row in zip(counts.index, counts.to_numpy(), strict=True)
    ]
    return markdown_table(["", *counts.columns], rows)


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown; no cell can break out of it."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
