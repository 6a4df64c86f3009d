"""How good search by example is, and how fast, exact and approximate.

    python benchmarks/search.py [PROJECT] [--splits NAME...] [--sizes N...] [--json FILE]

PROJECT is a folder in which extract has run on videos whose labels.csv has columns with official splits. On
each split the landed head is fitted to the training videos, which are then the index; each test video is a
query. ``first`` is the share of them whose nearest video has their label, ``ten`` the share of the ten
nearest, for the embedding alone, the probabilities alone, and both, which is what an index holds.

Speed and recall are of synthetic vectors around 1,000 centres, with queries that are not among them:
milliseconds for one query at a time on one thread, and seconds for what is done once.

Ends with 1 where a limit does not hold.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from accuracy import inside
from projects import ROOT
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from sora.apps.index.vectors import search_vectors, unit_rows
from sora.apps.search.approximate import ApproximateNeighbours, fitted_neighbours, recall
from sora.apps.search.exact import ExactNeighbours, Neighbours
from sora.features import FeatureSet, load_features
from sora.manifest import SPLIT_NAMES
from sora.params import read_section
from sora.training.fitted import targets
from sora.training.linear_fit import fit_linear
from sora.training.on_features import block_ranges
from sora.training.spec import TrainSpec

SPLITS = ("split1", "split2", "split3")
SIZES = (10_000, 30_000, 100_000, 300_000)
NUM_CENTRES, NUM_VALUES, SPREAD = 1000, 70, 1.0
NUM_QUERIES, TOP = 200, 10
MIN_FIRST, MIN_RECALL = 0.9, 0.97


class Embedded(NamedTuple):
    """What a model fitted to the training videos of a split says of all N videos.

    Attributes:
        labels: N names.
        is_training: bool (N,).
        embeddings: float32 (N, E).
        probabilities: float32 (N, C).
    """

    labels: np.ndarray
    is_training: np.ndarray
    embeddings: np.ndarray
    probabilities: np.ndarray


def main() -> int:
    """Measure, print and write; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path, nargs="?", help="folder in which extract has run")
    parser.add_argument("--splits", nargs="+", default=SPLITS, help="columns of its labels.csv")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="numbers of synthetic videos")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    figures: dict[str, list[dict[str, Any]]] = {"by_example": [], "speed": []}
    if options.project:
        figures["by_example"] = [
            hits(split, each) for split, each in embedded(options.project, options.splits)
        ]
    with threadpool_limits(1):
        figures["speed"] = [measure(size) for size in options.sizes]
    for title, rows in figures.items():
        if rows:
            show(title, rows)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    kept = limits(figures)
    for text, holds in kept:
        print(f"{'holds' if holds else 'MISSED'}: {text}")
    return int(not all(holds for _, holds in kept))


def embedded(project: Path, splits: Sequence[str]) -> list[tuple[str, Embedded]]:
    """Fit the landed head to the training videos of each split; features are read once."""
    with inside(project):
        features = load_features(SPLIT_NAMES)
        source = Path(read_section("ingest", dict)["source"])
        given = pd.read_csv(source / "labels.csv").set_index("path")
    spec = read_section("train", TrainSpec, ROOT / "params.yaml")
    columns = [(split, given.loc[features.videos["path"], split].to_numpy()) for split in splits]
    return [(split, fitted(features, column != "test", spec)) for split, column in columns]


def fitted(features: FeatureSet, is_training: np.ndarray, spec: TrainSpec) -> Embedded:
    """Fit a head to some of the videos, and let it judge all of them."""
    names = features.videos["label"].to_numpy()
    labels = sorted(set(names[is_training]))
    found = fit_linear(
        features.features[is_training],
        targets(names[is_training], labels),
        list(features.videos["group"][is_training]),
        blocks={name: block_ranges(features.columns, [name]) for name in spec.blocks},
        labels=labels,
        several_labels=False,
        embedding_size=spec.embedding_size,
        plan=spec.linear,
        seed=0,
    )
    probabilities, embeddings = found.classifier.predict(features.features)
    return Embedded(names, is_training, embeddings, probabilities)


def hits(split: str, found: Embedded) -> dict[str, Any]:
    """Return the shares of nearest training videos that have the label of the test video."""
    vectors = {
        "embedding": unit_rows(found.embeddings),
        "probabilities": unit_rows(np.sqrt(found.probabilities)),
        "both": search_vectors(found.embeddings, found.probabilities),
    }
    row: dict[str, Any] = {"split": split}
    for name, each in vectors.items():
        known = np.flatnonzero(found.is_training)
        nearest = ExactNeighbours(known, each[known]).nearest(each[~found.is_training], TOP)
        is_same = found.labels[nearest.ids] == found.labels[~found.is_training][:, None]
        row |= {f"{name}, first": float(is_same[:, 0].mean()), f"{name}, ten": float(is_same.mean())}
    return row


def synthetic(size: int, seed: int) -> np.ndarray:
    """Give float32 (size, 70) of length 1, around centres that do not depend on the seed."""
    centres = np.random.default_rng(0).normal(size=(NUM_CENTRES, NUM_VALUES))
    rng = np.random.default_rng(seed)
    noise = SPREAD * rng.normal(size=(size, NUM_VALUES))
    return unit_rows(centres[rng.integers(NUM_CENTRES, size=size)] + noise)


def measure(size: int) -> dict[str, Any]:
    """Time both kinds of search among so many vectors, and compare what they find."""
    ids, vectors, queries = np.arange(size), synthetic(size, 1), synthetic(NUM_QUERIES, 2)
    exact = ExactNeighbours(ids, vectors)
    start = time.perf_counter()
    approximate = fitted_neighbours(ids, vectors)
    fit_seconds = time.perf_counter() - start
    exact_ms, approximate_ms = query_ms(exact, queries), query_ms(approximate, queries)
    gain_seconds = (exact_ms - approximate_ms) / 1000
    return {
        "videos": size,
        "exact_ms": exact_ms,
        "approximate_ms": approximate_ms,
        "recall_at_10": recall(approximate.nearest(queries, TOP), exact.nearest(queries, TOP)),
        "cells_looked_at": f"{approximate.index.nprobe} of {approximate.index.nlist}",
        "fit_seconds": fit_seconds,
        "queries_until_it_pays": round(fit_seconds / gain_seconds) if gain_seconds > 0 else None,
        "add_one_ms": seconds_of(lambda: add_one(approximate, size, queries)) * 1000,
    }


def query_ms(neighbours: Neighbours, queries: np.ndarray) -> float:
    """Return the median time of one query, in milliseconds."""
    seconds = [seconds_of(lambda query=query: neighbours.nearest(query[None], TOP)) for query in queries]
    return float(np.median(seconds)) * 1000


def add_one(neighbours: ApproximateNeighbours, number: int, vectors: np.ndarray) -> None:
    """Put one more vector in."""
    neighbours.index.add_with_ids(vectors[:1], np.array([number]))


def seconds_of(work: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def limits(figures: dict[str, list[dict[str, Any]]]) -> list[tuple[str, bool]]:
    """Return what is wanted, and whether it holds, as far as it was measured."""
    found = [
        (f"{row['split']}: same label first for at least {MIN_FIRST:.0%}", row["both, first"] >= MIN_FIRST)
        for row in figures["by_example"]
    ]
    return found + [
        (f"{row['videos']:,} videos: recall at least {MIN_RECALL}", row["recall_at_10"] >= MIN_RECALL)
        for row in figures["speed"]
    ]


def show(title: str, rows: list[dict[str, Any]]) -> None:
    """Print rows of equal keys."""
    table = Table(*(name.replace("_", " ") for name in rows[0]), title=title.replace("_", " "))
    for row in rows:
        table.add_row(*(f"{v:.3f}" if isinstance(v, float) else str(v) for v in row.values()))
    Console(width=140).print(table)


if __name__ == "__main__":
    sys.exit(main())
