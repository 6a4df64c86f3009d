"""How small, fast and accurate the served model is, on official splits.

    python benchmarks/compression.py SOURCE [--cache FOLDER] [--json FILE]

SOURCE is a folder of videos with a labels.csv that has the columns split1, split2 and split3. Each split is a
project in which the stages ingest to train and compress run with the landed parameters; videos are read once
for all three. Accuracy is pooled over the test videos of the splits. On the last split, what serves and
TensorFlow's own inference of the float32 networks (a traced function, batches of 1 and of a stream's images,
the faster of the two) answer one video in turn, each on one thread.

Ends with 1 where a limit does not hold.
"""

import argparse
import functools
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from accuracy import SPLITS, STAGES, copy_stores, inside
from projects import make_project, run_stage
from rich.console import Console
from rich.table import Table

from sora import layout
from sora.bundle import read_bundle
from sora.compression.latency import Durations, durations
from sora.frames.inputs import NetworkInput, network_input
from sora.quiet import import_tensorflow
from sora.runtimes import load_backbone, load_head, segment_features
from sora.trained import clip_paths, read_trained
from sora.video.write import read_clip

MIN_SIZE_RATIO, MIN_SPEEDUP, MAX_LOSS = 3.4, 1.5, 0.01
NUM_ROUNDS = 15


def main() -> int:
    """Run the stages on every split, time the last one's networks and print; return 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="folder of videos with a labels.csv and official splits")
    parser.add_argument("--cache", type=Path, help="folder for the projects")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        cache, target = (options.cache or Path(temporary)).resolve(), options.json and options.json.resolve()
        reports = [compressed(options.source.resolve(), cache, split) for split in SPLITS]
        with inside(cache / SPLITS[-1]):
            times = timed()
    figures = {"splits": reports, "pooled": pooled(reports), "ms_a_video": times}
    show(figures)
    if target:
        target.write_text(json.dumps(figures, indent=2))
    return int(not all(holds for _, holds in limits(figures)))


def compressed(source: Path, cache: Path, split: str) -> dict[str, Any]:
    """Run the stages on a split, beginning with what the first one made; return compress's report."""
    changes = {"ingest.source": str(source), "ingest.split_column": split}
    project = make_project(cache / split, changes)
    copy_stores(project, cache / SPLITS[0])
    for stage in (*STAGES, "train", "compress"):
        run_stage(project, stage)
    return json.loads((project / layout.COMPRESSION).read_text())


def pooled(reports: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each candidate's accuracy and agreement over the test videos of all splits, and its size."""
    sizes = [report["num_test_videos"] for report in reports]
    rows = []
    for same in zip(*(report["candidates"] for report in reports), strict=True):
        means = {name: np.average([r[name] for r in same], weights=sizes) for name in ("accuracy", "agreement")}
        rows.append(
            {
                "name": same[0]["name"],
                **{name: round(float(mean), 4) for name, mean in means.items()},
                "size_bytes": max(row["size_bytes"] for row in same),
                "latency_ms_median": round(float(np.mean([row["latency_ms_median"] for row in same])), 1),
                "latency_ms_p95": round(float(np.mean([row["latency_ms_p95"] for row in same])), 1),
                "peak_memory_bytes": max(row["peak_memory_bytes"] for row in same),
                "times_chosen": sum(report["chosen"] == same[0]["name"] for report in reports),
                "times_on_edge": sum(report["edge"]["chosen"] == same[0]["name"] for report in reports),
            }
        )
    return rows


def timed() -> dict[str, float]:
    """Return the median milliseconds of a video for what serves and for TensorFlow, timed in turn."""
    import_tensorflow()
    bundle, trained = read_bundle(layout.BUNDLE), read_trained()
    clip = next(iter(clip_paths().values()))
    given = network_input(read_clip(clip, trained.spec.clip.num_frames), trained.spec)
    backbone, head = load_backbone(bundle.backbone), load_head(bundle.head)
    calls: dict[str, Callable[[], object]] = {
        "served": lambda: head(segment_features(given, backbone)),
        **tensorflow_calls(given, trained.backbone_model),
    }
    found = durations(calls, NUM_ROUNDS)
    return {name: round(taken.median_ms, 1) for name, taken in ordered(found)}


def tensorflow_calls(given: NetworkInput, backbone_model: Path) -> dict[str, Callable[[], object]]:
    """Return TensorFlow's inference of the float32 networks, one image and one stream at a time."""
    import tensorflow as tf

    from sora.networks.model_files import load_model

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    backbone, head = load_model(backbone_model), load_model(layout.TRAINED)
    one = tf.function(lambda images: backbone(images, training=False), reduce_retracing=True)
    whole = tf.function(lambda features: head(features, training=False))

    def answer(size: int) -> object:
        parts = [np.split(images, range(size, len(images), size)) for images in given.images]
        features = [np.concatenate([one(part).numpy() for part in stream]) for stream in parts]
        return whole(np.concatenate([*features, given.descriptors], axis=1)[None])

    sizes = (1, given.images.shape[1])
    return {f"tensorflow, batches of {size}": functools.partial(answer, size) for size in sizes}


def ordered(found: dict[str, Durations]) -> list[tuple[str, Durations]]:
    """Return the fastest first."""
    return sorted(found.items(), key=lambda entry: entry[1].median_ms)


def limits(figures: dict[str, Any]) -> list[tuple[str, bool]]:
    """Return what is wanted of the candidate that was mostly chosen, and whether it holds."""
    rows = figures["pooled"]
    reference, chosen = rows[0], max(rows, key=lambda row: row["times_chosen"])
    times = figures["ms_a_video"]
    served = times["served"]
    tensorflow = min(value for name, value in times.items() if name != "served")
    ratio, speedup = reference["size_bytes"] / chosen["size_bytes"], tensorflow / served
    loss = reference["accuracy"] - chosen["accuracy"]
    return [
        (f"{chosen['name']} chosen on every split", chosen["times_chosen"] == len(figures["splits"])),
        (f"{ratio:.2f} times smaller than float32, at least {MIN_SIZE_RATIO}", ratio >= MIN_SIZE_RATIO),
        (f"{speedup:.2f} times as fast as TensorFlow, at least {MIN_SPEEDUP}", speedup >= MIN_SPEEDUP),
        (f"loses {loss:.4f} of accuracy over the splits pooled, at most {MAX_LOSS}", loss <= MAX_LOSS),
    ]


def show(figures: dict[str, Any]) -> None:
    """Print the tables and the limits."""
    columns = ("", "accuracy", "agreement", "MB", "ms a video", "p95", "peak MB", "chosen", "edge")
    table = Table(*columns, title="candidates, test videos of all splits pooled")
    for row in figures["pooled"]:
        table.add_row(
            row["name"],
            f"{row['accuracy']:.4f}",
            f"{row['agreement']:.4f}",
            f"{row['size_bytes'] / 1e6:.1f}",
            f"{row['latency_ms_median']:.0f}",
            f"{row['latency_ms_p95']:.0f}",
            f"{row['peak_memory_bytes'] / 1e6:.0f}",
            str(row["times_chosen"]),
            str(row["times_on_edge"]),
        )
    console = Console(width=130)
    console.print(table)
    for report, split in zip(figures["splits"], SPLITS, strict=True):
        console.print(f"{split}: {report['reason']}")
    for name, milliseconds in figures["ms_a_video"].items():
        console.print(f"{name}: {milliseconds} ms a video")
    for text, holds in limits(figures):
        print(f"{'holds' if holds else 'MISSED'}: {text}")


if __name__ == "__main__":
    sys.exit(main())
