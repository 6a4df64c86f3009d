"""Copies of real videos planted across splits: mirrored, re-encoded and smaller, or only renamed."""

import csv
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

NUM_MIRRORED, NUM_RECODED, NUM_RENAMED = 7, 6, 7


@dataclass(frozen=True)
class Planted:
    """A folder with a labels.csv, and which of its videos is a copy of which (copy to original)."""

    folder: Path
    original_of: dict[str, str]


def write_copy(
    source: Path,
    target: Path,
    *,
    mirrored: bool = False,
    scale: float = 1.0,
    crf: int = 23,
    skip_seconds: float = 0.0,
) -> Path:
    """Write ``source`` again as H.264: flipped, rescaled, at quality ``crf``, without its first seconds."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        stream = old.streams.video[0]
        rate = stream.average_rate
        written = new.add_stream("libx264", rate=rate, options={"crf": str(crf), "preset": "veryfast"})
        written.width, written.height = (
            2 * round(scale * side / 2) for side in (stream.width, stream.height)
        )
        written.pix_fmt, written.thread_count = "yuv420p", 1
        for number, frame in enumerate(old.decode(stream)):
            if number >= skip_seconds * rate:
                pixels = frame.to_ndarray(format="rgb24", width=written.width, height=written.height)
                flipped = np.ascontiguousarray(pixels[:, ::-1]) if mirrored else pixels
                new.mux(written.encode(av.VideoFrame.from_ndarray(flipped, "rgb24")))
        new.mux(written.encode())
    return target


def plant(dataset: Path, folder: Path, seed: int, split_column: str = "split1") -> Planted:
    """Copy ``dataset`` into ``folder`` and plant 20 copies, each in the split where its original is not.

    labels.csv has the columns path, label, group and split; a copy has a group of its own.
    """
    shutil.copytree(dataset, folder)
    with (dataset / "labels.csv").open(newline="") as file:
        rows = [{**row, "split": row[split_column]} for row in csv.DictReader(file)]
    chosen = random.Random(seed).sample(rows, NUM_MIRRORED + NUM_RECODED + NUM_RENAMED)
    original_of = {}
    for number, row in enumerate(chosen):
        copy = _write_planted(folder, row["path"], number)
        original_of[copy] = row["path"]
        other_split = "test" if row["split"] == "train" else "train"
        rows.append({**row, "path": copy, "group": f"planted{number}", "split": other_split})
    with (folder / "labels.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["path", "label", "group", "split"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return Planted(folder, original_of)


def _write_planted(folder: Path, path: str, number: int) -> str:
    source = folder / path
    if number < NUM_MIRRORED:
        target = write_copy(source, source.with_name(f"planted{number}.mp4"), mirrored=True)
    elif number < NUM_MIRRORED + NUM_RECODED:
        target = write_copy(source, source.with_name(f"planted{number}.mp4"), scale=0.7, crf=35)
    else:
        target = source.with_name(f"planted{number}{source.suffix}")
        shutil.copyfile(source, target)
    return target.relative_to(folder).as_posix()
