"""Tiny labelled sets, and all stages but package run on them in this process with the landed parameters."""

import importlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from coded_clips import write_pictures

from sora.params import read_params
from sora.stages import STAGES

ROOT = Path(__file__).parents[1]
NUM_FRAMES, WIDTH_PX, HEIGHT_PX = 14, 96, 64
FEW_VIDEOS: dict[str, dict[str, Any]] = {
    "stress": {
        "num_videos": 2,
        "noise": [20],
        "blur_px": [],
        "dark": [],
        "reencoding": [42],
        "dropped_frames": [],
    },
    "explain": {"num_videos": 2, "grid_cells": 2, "num_steps": 2},
}
SMALL: dict[str, dict[str, Any]] = {
    "ingest": {"source": "videos"},
    "preprocess": {"num_segments": 2, "image_size_px": 64},
    "extract": {"weights": "none", "descriptors": {"names": ["motion.flow", "colour"], "flow_size_px": 64}},
    "train": {"blocks": ["rgb", "crop", "difference", "motion", "colour"]},
    **FEW_VIDEOS,
    "compress": {"precisions": [], "latency_repeats": 3},
}


@dataclass(frozen=True)
class Clip:
    """One clip to write: moving blocks of noise around a colour; every clip is a group of its own."""

    label: str
    colour: tuple[int, int, int]
    block_px: int = 8


def write_project(folder: Path, clips: Sequence[Clip]) -> None:
    """Write the clips with their labels.csv, and params.yaml: the landed one, made small."""
    videos = folder / "videos"
    videos.mkdir()
    rows = ["path,label,group"]
    for number, clip in enumerate(clips):
        name = f"{number:03}.mp4"
        write_pictures(videos / name, _pictures(clip, number), "mpeg4", fps=10)
        rows.append(f"{name},{clip.label},group{number}")
    (videos / "labels.csv").write_text("\n".join(rows) + "\n")
    shutil.copy(ROOT / "release.yaml", folder)
    write_params(folder, {})


def write_params(folder: Path, changes: dict[str, dict[str, Any]]) -> None:
    """Write params.yaml: the landed one, made small, then changed."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    for part in (SMALL, changes):
        params = _merged(params, part)
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def run_stages(names: Sequence[str] = STAGES[:-1]) -> None:
    """Run stages one after the other in the current folder."""
    modules = {name: importlib.import_module(f"sora.stages.{name}") for name in STAGES}
    params, settings = read_params({name: module.Params for name, module in modules.items()})
    for name in names:
        modules[name].run(params[name], settings)


def _pictures(clip: Clip, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    grid = rng.integers(-40, 41, (HEIGHT_PX // clip.block_px, WIDTH_PX // clip.block_px, 1))
    still = np.kron(grid, np.ones((clip.block_px, clip.block_px, 1)))
    moving = (np.roll(still, 3 * index, axis=1) + clip.colour for index in range(NUM_FRAMES))
    return [np.clip(picture, 0, 255).astype(np.uint8) for picture in moving]


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return old | {
        name: _merged(old[name], value) if isinstance(value, dict) else value for name, value in new.items()
    }
