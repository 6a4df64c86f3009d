"""How accurate each head, each backbone, each set of features and each recipe is, on official splits.

    python benchmarks/accuracy.py SOURCE [--cache FOLDER] [--seeds N] [--only WORD...] [--json FILE]

SOURCE is a folder of videos with a labels.csv that has the columns split1, split2 and split3. Features are
made by the stages ingest to extract, with the landed parameters and three sets of streams; they stay in the
cache folder, if one is named, for the next run. Every row of the table is then trained on each split with
each seed, and tested on the split's test videos; nothing is chosen by those. ``inner`` is the accuracy that
the fit itself found on training videos that it held back, ``spread`` the deviation over seeds of the mean
over splits. What a clip costs is measured on one thread: reading, flow and networks for what the row uses.

Ends with 1 where a limit does not hold.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import yaml
from projects import ROOT, make_project, run_stage
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from tutorial import fit_tutorial

from sora import layout
from sora.features import FeatureSet, load_features
from sora.frames.inputs import network_input
from sora.manifest import read_table
from sora.params import convert, read_input_spec, read_section
from sora.quiet import import_tensorflow
from sora.runtimes import load_backbone, segment_features
from sora.store import VideoStore
from sora.training.fitted import targets
from sora.training.on_features import fit
from sora.training.spec import TrainSpec
from sora.video.write import read_clip

STAGES = ("ingest", "validate", "preprocess", "extract")
SPLITS = ("split1", "split2", "split3")
ALL_DESCRIPTORS = ["motion.flow", "motion.compensated", "motion.boundaries", "colour", "texture"]
Source = Literal["lite0", "lite1", "lite2"]
EXTRACT: dict[Source, dict[str, Any]] = {
    "lite0": {"extract.backbone": "efficientnet_lite0"},
    "lite1": {"extract.backbone": "efficientnet_lite1", "extract.streams.names": ["rgb"]},
    "lite2": {"extract.backbone": "efficientnet_lite2", "extract.streams.names": ["rgb"]},
}
SEQUENCE = {"projection_size": 128}  # so that a head over time has few numbers to begin with
HEADS = ("mean", "max", "mean_std", "rnn", "lstm", "bilstm", "gru", "attention", "transformer", "tcn")
MIN_DEFAULT, MAX_SPREAD, MIN_LEAD = 0.94, 0.015, 0.05
NUM_TIMED = 8


@dataclass(frozen=True)
class Row:
    """One line of the table: what is trained on which features."""

    name: str
    source: Source
    blocks: tuple[str, ...]
    changes: dict[str, Any] = field(default_factory=dict)
    tutorial: bool = False


def table_rows() -> list[Row]:
    """Return what is compared."""
    recipes = yaml.safe_load((ROOT / "params.yaml").read_text())["recipes"]
    landed = read_section("train", TrainSpec, ROOT / "params.yaml")
    every = tuple(landed.blocks)
    rows = [
        Row("recipe default", "lite0", every),
        Row("recipe fast", "lite0", ("rgb", "motion.flow"), recipes["fast"]["train"]),
        Row("recipe accurate", "lite0", (*every, "colour", "texture"), recipes["accurate"]["train"]),
        Row("tutorial: CNN features, two GRU layers", "lite0", ("rgb.mean",), tutorial=True),
        Row("baseline: mean pooled", "lite0", ("rgb.mean",)),
        Row("baseline: mean pooled and flow", "lite0", ("rgb.mean", "motion.flow")),
    ]
    rows += [Row(f"linear, {name} alone", "lite0", (name,)) for name in (*every, "colour", "texture")]
    rows += [Row(f"linear, rgb of {source}", source, ("rgb",)) for source in EXTRACT]
    for fusion in ("late", "concatenate"):
        rows.append(Row(f"linear, {fusion}", "lite0", every, {"linear": {"fusion": fusion}}))
    return rows + [Row(f"head {head}", "lite0", every, {"head": head, **SEQUENCE}) for head in HEADS]


def main() -> int:
    """Extract, train, test and print; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="folder of videos with a labels.csv and official splits")
    parser.add_argument("--cache", type=Path, help="folder for the features")
    parser.add_argument("--seeds", type=int, default=3, help="how often each row is trained on each split")
    parser.add_argument("--only", nargs="*", default=[], help="rows whose name holds one of these words")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    rows = [row for row in table_rows() if not options.only or any(word in row.name for word in options.only)]
    with tempfile.TemporaryDirectory() as temporary, Progress(console=Console(stderr=True)) as bar:
        cache, target = (options.cache or Path(temporary)).resolve(), options.json and options.json.resolve()
        task = bar.add_task("extract", total=len(SPLITS) * len(EXTRACT) + len(rows) * len(SPLITS))
        advance = lambda: bar.advance(task)  # noqa: E731
        prepare(options.source.resolve(), cache, {row.source for row in rows}, advance)
        import_tensorflow()
        figures = measure(rows, cache, options.seeds, advance)
    show(figures)
    if target:
        target.write_text(json.dumps({"rows": figures}, indent=2))
    return int(not all(holds for _, holds in limits(figures)))


def prepare(source: Path, cache: Path, wanted: set[Source], advance: Callable[[], object]) -> None:
    """Make a project for each set of features and split; the others begin with what the first split made."""
    for name, changes in EXTRACT.items():
        for split in SPLITS:
            if name in wanted:
                project = make_project(
                    cache / name / split,
                    {
                        "ingest.source": str(source),
                        "ingest.split_column": split,
                        "extract.descriptors.names": ALL_DESCRIPTORS,
                        **changes,
                    },
                )
                copy_stores(project, cache / name / SPLITS[0])
                for stage in STAGES:
                    run_stage(project, stage)
            advance()


def copy_stores(project: Path, other: Path) -> None:
    """Begin with the results per video of another project, as hard links; stages never change an entry."""
    for store in (layout.FACTS, layout.THUMBNAILS, layout.CLIPS, layout.FEATURES, layout.BACKBONES):
        if (other / store).exists() and not (project / store).exists():
            shutil.copytree(other / store, project / store, copy_function=os.link)


def measure(
    rows: Sequence[Row], cache: Path, num_seeds: int, advance: Callable[[], object]
) -> list[dict[str, Any]]:
    """Train and test every row on every split; features are loaded once a split."""
    results: dict[str, list[dict[str, Any]]] = {row.name: [] for row in rows}
    costs: dict[tuple[Source, tuple[str, ...]], float] = {}
    for source in EXTRACT:
        of_source = [row for row in rows if row.source == source]
        for split in SPLITS if of_source else ():
            with inside(cache / source / split):
                features = load_features(("train", "val", "test"))
                for row in of_source:
                    key = (source, row.blocks)
                    costs[key] = costs.get(key) or clip_cost_seconds(row)
                    results[row.name] += [trained(row, features, seed) for seed in range(num_seeds)]
                    advance()
    return [summary(row, results[row.name], costs[row.source, row.blocks], num_seeds) for row in rows]


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Work in a folder; the pipeline's paths are relative."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def trained(row: Row, features: FeatureSet, seed: int) -> dict[str, Any]:
    """Train on all but the test videos; return what came of it."""
    import keras

    labels = sorted(set(features.videos["label"]))
    known = replace_rows(features, (features.videos["split"] != "test").to_numpy())
    test = features.of_split("test")
    start = time.monotonic()
    if row.tutorial:
        model, inner = fit_tutorial(known, labels, seed)
        inputs = test.features[..., test.columns["rgb.mean"]]
    else:
        fitted = fit(known, labels, params_of(row), seed)
        model, inner, inputs = fitted.model, fitted.inner, test.features
        inner = inner["fused"]["accuracy"] if "fused" in inner else inner["accuracy"]
    seconds = time.monotonic() - start
    outputs = model.predict(inputs, verbose=0)
    probabilities = outputs if row.tutorial else outputs[0]
    right = probabilities.argmax(axis=1) == targets(test.videos["label"], labels).argmax(axis=1)
    num_parameters = model.count_params()
    keras.utils.clear_session()  # else each model stays in memory
    return {
        "accuracy": float(right.mean()),
        "inner": float(inner),
        "seconds": seconds,
        "parameters": num_parameters,
    }


def replace_rows(features: FeatureSet, rows: np.ndarray) -> FeatureSet:
    """Return some videos."""
    return replace(features, videos=features.videos[rows], features=features.features[rows])


def params_of(row: Row) -> TrainSpec:
    """Return the landed parameters of train with the row's changes."""
    values = yaml.safe_load((ROOT / "params.yaml").read_text())["train"]
    changes = {**row.changes, "blocks": list(row.blocks)}
    merged = {
        name: value | changes[name]
        if isinstance(value, dict) and name in changes
        else changes.get(name, value)
        for name, value in values.items()
    }
    return convert(TrainSpec, merged, row.name)


def clip_cost_seconds(row: Row) -> float:
    """Return the processor seconds, on one thread, of making a row's features from a stored clip."""
    cv2.setNumThreads(1)
    spec = read_input_spec(layout.INPUT_SPEC)
    streams = [name for name in spec.streams.names if any(is_part(name, block) for block in row.blocks)]
    names = [name for name in spec.descriptors.names if any(is_part(name, block) for block in row.blocks)]
    spec = replace(
        spec,
        streams=replace(spec.streams, names=streams or ["rgb"]),
        descriptors=replace(spec.descriptors, names=names),
    )
    network = load_backbone(layout.BACKBONE)
    store = VideoStore(layout.CLIPS, ".mkv")
    clips = [store.path(key) for key in read_table(layout.CLIP_INDEX)["key"][: NUM_TIMED + 1]]
    start = 0.0
    for number, clip in enumerate(clips):
        start = start if number else 0.0
        if number == 1:
            start = time.process_time()  # the first warms up
        given = network_input(read_clip(clip, spec.clip.num_frames), spec)
        segment_features(given if streams else given._replace(images=given.images[:0]), network)
    return (time.process_time() - start) / NUM_TIMED


def is_part(name: str, block: str) -> bool:
    """Whether a stream or descriptor is what a block names, or holds it, or is part of it."""
    return name == block or block.startswith(f"{name}.") or name.startswith(f"{block}.")


def summary(row: Row, results: list[dict[str, Any]], cost: float, num_seeds: int) -> dict[str, Any]:
    """Return the figures of a row; results are by split, then by seed."""
    accuracies = np.array([result["accuracy"] for result in results]).reshape(len(SPLITS), num_seeds)
    return {
        "name": row.name,
        "splits": [round(float(value), 3) for value in accuracies.mean(axis=1)],
        "mean": round(float(accuracies.mean()), 4),
        "spread": round(float(accuracies.mean(axis=0).std()), 4),
        "inner": round(float(np.mean([result["inner"] for result in results])), 4),
        "seconds": round(float(np.mean([result["seconds"] for result in results])), 1),
        "parameters": results[0]["parameters"],
        "clip_ms": round(1000 * cost),
    }


def limits(figures: Sequence[dict[str, Any]]) -> list[tuple[str, bool]]:
    """Return what is wanted, and whether it holds, as far as the rows are there."""
    found = {row["name"]: row for row in figures}
    default = found.get("recipe default")
    tutorial = found.get("tutorial: CNN features, two GRU layers")
    wanted = []
    if default:
        wanted.append((f"recipe default at least {MIN_DEFAULT}", default["mean"] >= MIN_DEFAULT))
        wanted.append((f"its spread over seeds below {MAX_SPREAD}", default["spread"] < MAX_SPREAD))
    if default and tutorial:
        lead = default["mean"] - tutorial["mean"]
        wanted.append((f"{MIN_LEAD} ahead of the tutorial's recipe", lead >= MIN_LEAD))
    return wanted


def show(figures: Sequence[dict[str, Any]]) -> None:
    """Print the table and the limits."""
    columns = ("", "test, by split", "mean", "spread", "inner", "training s", "parameters", "ms a clip")
    table = Table(*columns, title="accuracy on the official splits")
    for row in figures:
        table.add_row(
            row["name"],
            " ".join(f"{value:.3f}" for value in row["splits"]),
            f"{row['mean']:.3f}",
            f"{row['spread']:.3f}",
            f"{row['inner']:.3f}",
            f"{row['seconds']:.1f}",
            f"{row['parameters']:,}",
            str(row["clip_ms"]),
        )
    Console(width=130).print(table)
    for text, holds in limits(figures):
        print(f"{'holds' if holds else 'MISSED'}: {text}")


if __name__ == "__main__":
    sys.exit(main())
