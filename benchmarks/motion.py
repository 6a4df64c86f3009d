"""Motion alone: seven camera motions over single real frames, so that what is to be seen says nothing.

    python benchmarks/motion.py SOURCE [--videos N] [--recipe NAME] [--json FILE]

SOURCE is a folder of videos with a labels.csv that has a group. From N videos, no two of a group, one
frame is taken and seven clips are made of it: pan left, pan right, zoom in, zoom out, rotate left, rotate
right, still; where and how fast the camera starts is drawn anew for each. A third of the frames, of other
videos, is for testing. The landed pipeline runs from ingest to evaluate, then once more with the mean of the
appearance alone. Ends with 1 where a limit does not hold.
"""

import argparse
import csv
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from projects import make_project, run_stage
from rich.console import Console
from rich.table import Table

from sora.manifest import read_table
from sora.video.read import read_frames

STAGES = ("ingest", "validate", "preprocess", "extract", "train", "evaluate")
NUM_FRAMES, FPS, SIZE = 50, 25, (240, 180)
MIN_ACCURACY, MAX_APPEARANCE = 0.98, 0.35

# Per frame: shift to the right as a share of the width, growth, and turn in degrees, at speed 1.
KINDS = {
    "pan_left": (-0.004, 0.0, 0.0),
    "pan_right": (0.004, 0.0, 0.0),
    "zoom_in": (0.0, 0.006, 0.0),
    "zoom_out": (0.0, -0.006, 0.0),
    "rotate_left": (0.0, 0.0, -0.5),
    "rotate_right": (0.0, 0.0, 0.5),
    "still": (0.0, 0.0, 0.0),
}
APPEARANCE = {"train.head": "mean", "train.blocks": ["rgb.mean"]}


def main() -> int:
    """Render, run and print; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="folder of videos with a labels.csv that has a group")
    parser.add_argument("--videos", type=int, default=36, help="how many frames are taken, each of a group")
    parser.add_argument("--recipe", default="default", help="of params.yaml")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        render(options.source, Path(folder, "videos"), options.videos)
        project = make_project(Path(folder, "project"), settings(folder, options.recipe))
        for stage in STAGES:
            run_stage(project, stage)
        rows = [row("the recipe " + options.recipe, project)]
        make_project(project, settings(folder, options.recipe) | APPEARANCE)
        for stage in STAGES[-2:]:
            run_stage(project, stage)
        rows.append(row("mean of rgb.mean over time", project))
    show(rows)
    if options.json:
        options.json.write_text(json.dumps({"rows": rows}, indent=2))
    return int(rows[0]["accuracy"] < MIN_ACCURACY or rows[1]["accuracy"] > MAX_APPEARANCE)


def settings(folder: str, recipe: str) -> dict[str, Any]:
    """Return what differs from the landed parameters: all clips of a frame look alike, as they should."""
    warned = ("no_copies_across_splits", "one_label", "not_frozen", "groups_in_one_split")
    return {
        "recipe": recipe,
        "ingest.source": str(Path(folder, "videos")),
        "ingest.split_column": "split",
        **{f"validate.severity.{rule}": "warn" for rule in warned},
    }


def render(source: Path, folder: Path, num_videos: int) -> None:
    """Write the clips and their labels.csv; each group, and so each frame, is in one split."""
    folder.mkdir()
    rows = []
    for number, video in enumerate(one_a_group(source, num_videos)):
        rng = np.random.default_rng(number)
        frame = middle_frame(source / video)
        for kind, motion in KINDS.items():
            name = f"{kind}_{number:03d}.mp4"
            write_video(folder / name, camera(frame, motion, rng))
            split = ("test", "train", "train")[number % 3]
            rows.append({"path": name, "label": kind, "group": f"frame{number}", "split": split})
    with (folder / "labels.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def one_a_group(source: Path, num_videos: int) -> list[str]:
    """Return videos of as many labels and groups as there are, no two of the same group of a label."""
    table = read_table(source / "labels.csv").drop_duplicates(["label", "group"])
    if len(table) < num_videos:
        sys.exit(f"{source}: has {len(table)} groups, {num_videos} are asked for")
    return [str(path) for path in table.sample(num_videos, random_state=0)["path"]]


def middle_frame(path: Path) -> np.ndarray:
    """Return one frame, uint8 RGB (480, 640, 3): large, so that zooming in finds pixels."""
    return read_frames(path, lambda times: [len(times) // 2], lambda width, height: (640, 480)).pixels[0]


def camera(
    frame: np.ndarray, motion: tuple[float, float, float], rng: np.random.Generator
) -> list[np.ndarray]:
    """Return the frames that a moving camera sees of a picture."""
    speed = rng.uniform(0.7, 1.3)
    shift, growth, turn = (speed * value for value in motion)
    width, height = SIZE
    shown = 0.55 * frame.shape[1] * rng.uniform(0.9, 1.1) / width  # pixels of the picture for one shown
    centre = np.array(frame.shape[1::-1]) / 2 + rng.uniform(-10, 10, 2)
    start_turn = rng.uniform(-5, 5)
    frames = []
    for step in np.arange(NUM_FRAMES) - NUM_FRAMES / 2:
        angle = np.deg2rad(start_turn - turn * step)
        scale = shown * np.exp(-growth * step)
        linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        # What moves right on the screen is a camera that pans left.
        at = centre + linear @ (-shift * step * width, 0) - linear @ (width / 2, height / 2)
        matrix = np.column_stack([linear, at])
        flags = cv2.INTER_AREA | cv2.WARP_INVERSE_MAP
        frames.append(cv2.warpAffine(frame, matrix, SIZE, flags=flags, borderMode=cv2.BORDER_REFLECT))
    return frames


def write_video(path: Path, frames: list[np.ndarray]) -> None:
    """Write uint8 RGB frames as H.264."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "20"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(stream.encode())


def row(name: str, project: Path) -> dict[str, Any]:
    """Return the figures of the model that was evaluated last."""
    metrics = json.loads((project / "reports/metrics.json").read_text())
    return {"model": name, "accuracy": metrics["accuracy"], "test_videos": metrics["num_test_videos"]}


def show(rows: list[dict[str, Any]]) -> None:
    """Print the figures."""
    table = Table(*rows[0], title=f"seven camera motions, chance {1 / len(KINDS):.3f}")
    for values in rows:
        table.add_row(
            *(f"{value:.3f}" if isinstance(value, float) else str(value) for value in values.values())
        )
    Console(width=110).print(table)
    print(f"at least {MIN_ACCURACY} wanted of the first, at most {MAX_APPEARANCE} of the second")


if __name__ == "__main__":
    sys.exit(main())
