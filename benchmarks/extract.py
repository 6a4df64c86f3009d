"""What extract costs beside its parts: decoding, optical flow with descriptors, and the network.

    python benchmarks/extract.py PROJECT [--recipe NAME] [--json FILE]

PROJECT is a folder where ingest to preprocess have run with that recipe; it stays as it is: clips are read
where they are, and features go to a temporary folder. The parts are measured alone, one thread, on a sample
of the clips; the network on random images. That is done before and after the whole stage, which runs on all
clips and all cores, for the speed of a shared machine drifts by some percent within a minute. Python must be
free to keep bytecode, as it is where the pipeline runs every day: under PYTHONDONTWRITEBYTECODE what is
counted as the stage's includes compiling pandas. Ends with 1 where a limit does not hold.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from projects import make_project, run_stage
from rich.console import Console
from rich.table import Table

from sora import layout
from sora.frames.descriptors import describe
from sora.frames.inputs import by_segment
from sora.frames.motion import segment_flow
from sora.frames.spec import InputSpec
from sora.manifest import read_table
from sora.params import read_input_spec
from sora.runtimes import load_backbone
from sora.store import VideoStore
from sora.video.write import read_clip

MAX_RATIO, MIN_BUSY = 1.15, 0.9
NUM_SAMPLED = 75


def main() -> int:
    """Measure and print; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path, help="folder where preprocess has run")
    parser.add_argument("--recipe", default="default", help="of params.yaml")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = copied(options.project.resolve(), Path(folder, "project"), options.recipe)
        run_stage(project, "extract")  # exports the backbone, which is start-up, and writes the InputSpec
        clips = clip_files(project)
        before = measured_parts(project, clips)
        shutil.rmtree(project / layout.FEATURES)
        whole_seconds, wall_seconds = run_stage(project, "extract")
        after = measured_parts(project, clips)
    parts = {name: (before[name] + after[name]) / 2 for name in before}
    figures = {
        "recipe": options.recipe,
        "clips": len(clips),
        "parts_cpu_seconds": {name: round(seconds * len(clips), 2) for name, seconds in parts.items()},
        "whole_cpu_seconds": round(whole_seconds, 2),
        "whole_wall_seconds": round(wall_seconds, 2),
        "ratio": round(whole_seconds / (sum(parts.values()) * len(clips)), 3),
        "busy_share": round(whole_seconds / wall_seconds / (os.cpu_count() or 1), 3),
    }
    show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2))
    return int(figures["ratio"] > MAX_RATIO or figures["busy_share"] < MIN_BUSY)


def copied(source: Path, project: Path, recipe: str) -> Path:
    """Make a project with the tables of ``source``, its clips linked, the landed parameters and a recipe."""
    (make_project(project, {"recipe": recipe}) / "data").mkdir()
    for path in (layout.CLIP_INDEX, layout.CLIP_SPEC, layout.VALIDATED, layout.SPLITS):
        shutil.copy(source / path, project / path)
    (project / layout.CLIPS).symlink_to(source / layout.CLIPS)
    return project


def clip_files(project: Path) -> list[Path]:
    """Return the stored clips."""
    index, store = read_table(project / layout.CLIP_INDEX), VideoStore(project / layout.CLIPS, ".mkv")
    return [store.path(key) for key in index[index["reason"] == ""]["key"]]


def measured_parts(project: Path, clips: Sequence[Path]) -> dict[str, float]:
    """Return the processor seconds of each part for one clip, on one thread."""
    cv2.setNumThreads(1)
    spec = read_input_spec(project / layout.INPUT_SPEC)
    sample = clips[:: max(1, len(clips) // NUM_SAMPLED)][:NUM_SAMPLED]
    network = load_backbone(project / layout.BACKBONE)
    size, streams = spec.clip.image_size_px, len(spec.streams.names)
    images = np.random.default_rng(0).normal(size=(spec.clip.num_segments, size, size, 3)).astype(np.float32)
    decoded = [by_segment(read_clip(path, spec.clip.num_frames), spec.clip) for path in sample]
    return {
        "decode": mean_cpu_seconds(lambda path: read_clip(path, spec.clip.num_frames), sample),
        "flow and descriptors": mean_cpu_seconds(lambda segments: flow_part(segments, spec), decoded),
        "network": mean_cpu_seconds(lambda _: [network(images) for _ in range(streams)], sample),
    }


def flow_part(segments: np.ndarray, spec: InputSpec) -> np.ndarray:
    """Compute flow and descriptors of one clip."""
    flow = segment_flow(segments[:, :2], spec.descriptors.flow_size_px)
    return describe(segments[:, 0], flow, spec.descriptors)


def mean_cpu_seconds(function: Callable[[Any], object], items: Sequence[Any]) -> float:
    """Call once to warm up, then for every item; return the mean processor seconds."""
    function(items[0])
    start = time.process_time()
    for item in items:
        function(item)
    return (time.process_time() - start) / len(items)


def show(figures: dict[str, Any]) -> None:
    """Print the figures."""
    table = Table("", "CPU seconds", title=f"extract, recipe {figures['recipe']}, {figures['clips']} clips")
    for name, seconds in figures["parts_cpu_seconds"].items():
        table.add_row(name, f"{seconds:.1f}")
    table.add_row("parts together", f"{sum(figures['parts_cpu_seconds'].values()):.1f}")
    table.add_row("the whole stage", f"{figures['whole_cpu_seconds']:.1f}")
    Console(width=110).print(table)
    print(f"{figures['ratio']:.2f} times its parts, at most {MAX_RATIO} wanted")
    print(f"cores busy {figures['busy_share']:.0%} of the time, at least {MIN_BUSY:.0%} wanted")


if __name__ == "__main__":
    sys.exit(main())
