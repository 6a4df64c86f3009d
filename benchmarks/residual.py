"""Networks trained end to end on stored clips: the residual network from nothing, and a fine-tuned backbone.

    python benchmarks/residual.py PROJECT [--json FILE] [--curves FILE.png] [--only NAME...] [--epochs N]

PROJECT is a folder in which preprocess has run; its splits are used. Four trainings: the residual network
from random weights, with and without augmentation; EfficientNet-Lite0 as it is, under a head that averages
over time; and the same with its last units trained on. The validation split draws the curves, and chooses the
epoch of the last two; the test split is looked at once, at the end. Ends with 1 where a limit does not hold.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from sora import layout
from sora.frames.augmentation import AugmentSpec
from sora.networks.stored_clips import ClipShape, StoredClips
from sora.params import convert
from sora.quiet import import_tensorflow

ROOT = Path(__file__).parents[1]
SEED = 0
NUM_FRAMES = 8
RESIDUAL_PX, BACKBONE_PX = 64, 224
BACKBONE, NUM_UNITS = "efficientnet_lite0", 2
MIN_ACCURACY, MAX_MINUTES = 0.45, 20
# Stronger than for pretrained features: a few hundred clips are few.
STRONGER = {
    "crop": 0.4,
    "scale": 0.2,
    "brightness": 0.2,
    "contrast": 0.4,
    "saturation": 0.5,
    "hue_degrees": 20,
}


@dataclass(frozen=True)
class Videos:
    """The clips of a project: one row each with key, label and split, and a target."""

    project: Path
    table: pd.DataFrame
    labels: list[str]

    def read(self, split: str, size_px: int, spec: AugmentSpec) -> StoredClips:
        """Return the reader of the clips of a split."""
        rows = self.table[self.table["split"] == split]
        stored = json.loads((self.project / layout.CLIP_SPEC).read_text())
        shape = ClipShape(stored["num_segments"], stored["frames_per_segment"], NUM_FRAMES, size_px)
        paths = [self.project / layout.CLIPS / f"{key}.mkv" for key in rows["key"]]
        return StoredClips(paths, list(rows["key"]), [spec.flip] * len(rows), shape, spec, SEED)

    def targets(self, split: str) -> np.ndarray:
        """Return float32 (N, C), with a one for the label of each video of a split."""
        labels = self.table["label"][self.table["split"] == split]
        return np.eye(len(self.labels), dtype=np.float32)[[self.labels.index(label) for label in labels]]


@dataclass(frozen=True)
class Outcome:
    """What came of a training."""

    rows: list[dict[str, Any]]
    accuracy: float
    parameters: int


def main() -> int:
    """Train, print and draw; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path, help="folder in which preprocess has run")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--curves", type=Path, help="draw the training curves into this PNG file")
    parser.add_argument("--only", nargs="+", choices=TRAININGS, default=list(TRAININGS))
    parser.add_argument(
        "--epochs", type=int, default=0, help="of every training; by default each has its own"
    )
    options = parser.parse_args()
    import_tensorflow()
    videos = read_videos(options.project)
    figures, curves = [], {}
    for name in options.only:
        start = time.perf_counter()
        outcome = TRAININGS[name](videos, options.epochs)
        minutes = (time.perf_counter() - start) / 60
        figures.append(figure_row(name, outcome, minutes))
        curves[name] = outcome.rows
        print(figures[-1], flush=True)
    show(figures)
    if options.json:
        options.json.write_text(json.dumps({"trainings": figures, "curves": curves}, indent=2))
    if options.curves:
        draw_curves(curves, options.curves)
    return int(not within_limits({row["training"]: row for row in figures}))


def read_videos(project: Path) -> Videos:
    """Read the index of clips, with labels and splits."""
    clips = pd.read_csv(project / layout.CLIP_INDEX, keep_default_na=False)
    table = clips[clips["reason"] == ""].merge(pd.read_csv(project / layout.SPLITS), on="path")
    table = table.merge(pd.read_csv(project / layout.VALIDATED)[["path", "label"]], on="path")
    return Videos(project, table, sorted(set(table["label"])))


def augmentation(*, stronger: bool) -> AugmentSpec:
    """Return the landed augmentation, or a stronger one."""
    values = yaml.safe_load((ROOT / "params.yaml").read_text())["extract"]["augment"]
    return convert(AugmentSpec, values | (STRONGER if stronger else {}), "params.yaml")


def train_residual(videos: Videos, epochs: int, *, augmented: bool) -> Outcome:
    """Train the residual network from random weights, on what moves from frame to frame."""
    from sora.networks.clip_models import clip_classifier, mean_head
    from sora.networks.end_to_end import Clips, EndToEndPlan, fit_end_to_end
    from sora.networks.residual import residual_network
    from sora.networks.training import make_deterministic

    make_deterministic(SEED)
    network = residual_network(
        image_size_px=RESIDUAL_PX, num_frames=NUM_FRAMES, differences=True, temporal_kernel_size=1
    )
    head = mean_head(
        num_frames=NUM_FRAMES,
        num_features=network.output.shape[-1],
        num_classes=len(videos.labels),
        embedding_size=64,
        dropout=0.3,
    )
    model = clip_classifier(network, head, NUM_FRAMES, takes_pixels=True)
    num_epochs = epochs or 40
    plan = EndToEndPlan(
        num_epochs,
        batch_size=16,
        learning_rate=2e-3,
        num_views=num_epochs if augmented else 1,
        patience=num_epochs,
        keep_best=False,
        seed=SEED,
    )
    spec = augmentation(stronger=True)
    readers = {split: videos.read(split, RESIDUAL_PX, spec) for split in ("train", "val", "test")}
    train, val, test = (Clips(read, videos.targets(split)) for split, read in readers.items())
    return Outcome(fit_end_to_end(model, train, val, plan), accuracy(model, test), model.count_params())


def train_frozen(videos: Videos, epochs: int) -> Outcome:
    """Train a head on the averages of a network that stays as it is."""
    return train_backbone(videos, epochs, num_units=0)


def train_fine_tuned(videos: Videos, epochs: int) -> Outcome:
    """Train a head as ``train_frozen`` does, and then the last units with it, at a low rate."""
    return train_backbone(videos, epochs, num_units=NUM_UNITS)


def train_backbone(videos: Videos, epochs: int, num_units: int) -> Outcome:
    """Train a head, and with ``num_units`` the last units of the network after it."""
    from sora.networks.backbones import frame_feature_network, split_at_unit
    from sora.networks.clip_models import FrozenOutputs, clip_classifier, freeze_normalisations, mean_head
    from sora.networks.end_to_end import Clips, EndToEndPlan, fit_end_to_end
    from sora.networks.training import make_deterministic

    make_deterministic(SEED)
    network = frame_feature_network(BACKBONE, BACKBONE_PX, blocks=("mean",))
    head = mean_head(
        num_frames=NUM_FRAMES,
        num_features=network.output.shape[-1],
        num_classes=len(videos.labels),
        embedding_size=64,
        dropout=0.5,
    )
    spec = augmentation(stronger=False)
    readers = {split: videos.read(split, BACKBONE_PX, spec) for split in ("train", "val", "test")}
    targets = {split: videos.targets(split) for split in readers}

    def outputs(part: Any) -> list[Any]:
        return [Clips(FrozenOutputs(part, read), targets[split]) for split, read in readers.items()]

    plan = EndToEndPlan(epochs or 25, batch_size=16, learning_rate=3e-3, num_views=2, seed=SEED)
    train, val, test = outputs(network)
    rows = fit_end_to_end(head, train, val, plan)
    if not num_units:
        return Outcome(rows, accuracy(head, test), head.count_params())
    frozen, tuned = split_at_unit(network, BACKBONE, num_units)
    freeze_normalisations(tuned)
    model = clip_classifier(tuned, head, NUM_FRAMES, takes_pixels=False)
    train, val, test = outputs(frozen)
    tuning = replace(plan, epochs=epochs or 15, learning_rate=2e-4)
    tuned_rows = fit_end_to_end(model, train, val, tuning)
    later = [{**row, "epoch": row["epoch"] + len(rows)} for row in tuned_rows]
    return Outcome(rows + later, accuracy(model, test), model.count_params())


def accuracy(model: Any, clips: Any) -> float:
    """Return the share of clips whose most probable label is theirs."""
    arrays = (clips.read(index, 0)[None] for index in range(len(clips.targets)))
    predicted = [int(np.argmax(model(array, training=False)[0])) for array in arrays]
    return float(np.mean(np.array(predicted) == clips.targets.argmax(axis=1)))


def figure_row(name: str, outcome: Outcome, minutes: float) -> dict[str, Any]:
    """Return one row of the table."""
    last = outcome.rows[-1]
    return {
        "training": name,
        "test accuracy": round(outcome.accuracy, 3),
        "validation, last": round(last["val_accuracy"], 3),
        "training, last": round(last["accuracy"], 3),
        "epochs": len(outcome.rows),
        "parameters": outcome.parameters,
        "minutes": round(minutes, 1),
    }


def within_limits(rows: dict[str, dict[str, Any]]) -> bool:
    """Tell whether the residual network learns in time, and whether fine-tuning does not cost accuracy."""
    residual = [row for name, row in rows.items() if name.startswith("residual")]
    learns = all(r["test accuracy"] >= MIN_ACCURACY and r["minutes"] <= MAX_MINUTES for r in residual)
    if not {"frozen", "fine-tuned"} <= rows.keys():
        return learns
    return learns and rows["fine-tuned"]["test accuracy"] >= rows["frozen"]["test accuracy"]


def show(figures: Sequence[dict[str, Any]]) -> None:
    """Print the figures."""
    table = Table(*figures[0], title="end to end on stored clips")
    for row in figures:
        table.add_row(*map(str, row.values()))
    Console(width=110).print(table)


def draw_curves(curves: dict[str, list[dict[str, Any]]], path: Path) -> None:
    """Draw the accuracy by epoch of every training, with that on validation videos."""
    figure = Figure(figsize=(3.6 * len(curves), 3.2), layout="constrained")
    panels = figure.subplots(1, len(curves), sharey=True, squeeze=False)[0]
    for axes, (name, rows) in zip(panels, curves.items(), strict=True):
        for key, title in (("accuracy", "training"), ("val_accuracy", "validation")):
            axes.plot([row["epoch"] for row in rows], [row[key] for row in rows], label=title)
        axes.set(title=name, xlabel="epoch", ylim=(0, 1.02))
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("accuracy")
    panels[0].legend(frameon=False, loc="lower right")
    figure.savefig(path, dpi=120)


TRAININGS: dict[str, Callable[[Videos, int], Outcome]] = {
    "residual": lambda videos, epochs: train_residual(videos, epochs, augmented=False),
    "residual, augmented": lambda videos, epochs: train_residual(videos, epochs, augmented=True),
    "frozen": train_frozen,
    "fine-tuned": train_fine_tuned,
}


if __name__ == "__main__":
    sys.exit(main())
