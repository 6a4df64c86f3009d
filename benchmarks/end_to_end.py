"""Networks trained from clips: the residual network from nothing, and the end of a pretrained backbone.

    python benchmarks/end_to_end.py SOURCE [--splits COLUMN...] [--only NAME...] [--json FILE] [--curves PNG]

SOURCE is a folder of videos with a labels.csv. The stages run from ingest to evaluate, with the recipe
scratch and then with landed clips, for four trainings on each split: the residual network from random
weights, with and without augmentation; EfficientNet-Lite0 as it is, under a head that averages over time; and
the same with its last units trained on. Minutes are those of train alone; curves are of the first split. Ends
with 1 where a limit does not hold.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.figure import Figure
from projects import make_project, run_stage
from rich.console import Console
from rich.table import Table

BEFORE = ("ingest", "validate", "preprocess", "extract")
SCRATCH = {"recipe": "scratch"}
TUNING = {
    "preprocess.num_segments": 8,
    "preprocess.frames_per_segment": 2,
    "extract.streams.names": ["rgb"],
    "extract.blocks": ["mean"],
    "extract.descriptors.names": [],
    "train.network": "fine_tuned",
    "train.epochs": 25,
    "train.batch_size": 16,
    "train.optimizer.learning_rate": 0.0002,
    "train.clips.num_views": 2,
}
# What is shared by trainings on the same clips, and what each changes.
PROJECTS: dict[str, dict[str, Any]] = {"scratch": SCRATCH, "tuning": TUNING}
TRAININGS: dict[str, tuple[str, dict[str, Any]]] = {
    "residual": ("scratch", {"train.clips.num_views": 1}),
    "residual, augmented": ("scratch", {"train.clips.num_views": 40}),
    "frozen": ("tuning", {"train.clips.tuned_units": 0}),
    "fine-tuned": ("tuning", {"train.clips.tuned_units": 2}),
}
MIN_ACCURACY, MAX_MINUTES = 0.45, 20


class Run(NamedTuple):
    """What one training on one split gave."""

    metrics: dict[str, Any]
    training: dict[str, Any]
    history: pd.DataFrame
    minutes: float


def main() -> int:
    """Train, print and draw; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="folder of videos with a labels.csv")
    parser.add_argument("--splits", nargs="+", default=["split1"], help="columns of labels.csv")
    parser.add_argument("--only", nargs="+", choices=TRAININGS, default=list(TRAININGS))
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--curves", type=Path, help="draw the training curves into this PNG file")
    options = parser.parse_args()
    figures, curves = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for name in options.only:
            runs = [train(name, options.source.resolve(), split, Path(folder)) for split in options.splits]
            figures.append(figure_row(name, runs))
            curves[name] = runs[0].history
    show(figures)
    if options.json:
        options.json.write_text(json.dumps({"trainings": figures}, indent=2))
    if options.curves:
        draw_curves(curves, options.curves)
    return int(not within_limits({row["training"]: row for row in figures}))


def train(name: str, source: Path, split: str, folder: Path) -> Run:
    """Train and measure on one split; clips are made once for all trainings that share them."""
    shared, changes = TRAININGS[name]
    project = folder / split / shared
    is_new = not project.exists()
    data = {"ingest.source": str(source), "ingest.split_column": split}
    make_project(project, data | PROJECTS[shared] | changes)
    for stage in BEFORE if is_new else ():
        run_stage(project, stage)
    minutes = run_stage(project, "train").wall_seconds / 60
    run_stage(project, "evaluate")
    metrics, training = (
        json.loads((project / "reports" / file).read_text()) for file in ("metrics.json", "training.json")
    )
    return Run(metrics, training, pd.read_csv(project / "reports/history.csv"), minutes)


def figure_row(name: str, runs: Sequence[Run]) -> dict[str, Any]:
    """Return one row of the table: means over the splits."""
    return {
        "training": name,
        "test": round(mean(run.metrics["accuracy"] for run in runs), 3),
        "by split": " ".join(f"{run.metrics['accuracy']:.3f}" for run in runs),
        "validation, best": round(mean(run.training["inner"]["accuracy"] for run in runs), 3),
        "training, last": round(mean(float(run.history["accuracy"].iloc[-1]) for run in runs), 3),
        "epochs": " ".join(str(len(run.history)) for run in runs),
        "parameters": runs[0].training["num_parameters"],
        "minutes": round(max(run.minutes for run in runs), 1),
    }


def within_limits(rows: dict[str, dict[str, Any]]) -> bool:
    """Tell whether the residual network learns in time, and whether fine-tuning does not cost accuracy."""
    residual = [row for name, row in rows.items() if name.startswith("residual")]
    learns = all(row["test"] >= MIN_ACCURACY and row["minutes"] <= MAX_MINUTES for row in residual)
    if not {"frozen", "fine-tuned"} <= rows.keys():
        return learns
    return learns and rows["fine-tuned"]["test"] >= rows["frozen"]["test"]


def show(figures: Sequence[dict[str, Any]]) -> None:
    """Print the figures."""
    table = Table(*figures[0], title="trained from clips")
    for row in figures:
        table.add_row(*map(str, row.values()))
    Console(width=110).print(table)
    print(f"residual networks: at least {MIN_ACCURACY} within {MAX_MINUTES} minutes wanted")
    print("fine-tuned: at least as good as frozen wanted")


def draw_curves(curves: dict[str, pd.DataFrame], path: Path) -> None:
    """Draw the accuracy by epoch of every training, with that on validation videos."""
    figure = Figure(figsize=(3.6 * len(curves), 3.2), layout="constrained")
    panels = figure.subplots(1, len(curves), sharey=True, squeeze=False)[0]
    for axes, (name, rows) in zip(panels, curves.items(), strict=True):
        for key, title in (("accuracy", "training"), ("val_accuracy", "validation")):
            axes.plot(rows["epoch"], rows[key], label=title)
        axes.set(title=name, xlabel="epoch", ylim=(0, 1.02))
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("accuracy")
    panels[0].legend(frameon=False, loc="lower right")
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    sys.exit(main())
