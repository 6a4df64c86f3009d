"""What a summary finds in real clips joined one after the other: cuts, clips shown, and the texts.

    python benchmarks/summary.py DATASET BUNDLE [--videos 10] [--seed 0] [--keep FOLDER] [--json FILE]

DATASET is a folder with labels.csv. Each made-up video is one clip of each label in random order, all
at 25 frames per second and 320 x 240. A cut counts as found within 3 frames. Storyboards and texts are kept
in a folder to be looked at. Ends with 1 where a limit does not hold.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from sora.apps.analysis.analyse import analyse
from sora.apps.analysis.models import Models, load_models
from sora.apps.summary.words import describe
from sora.apps.summary.write import write_summary
from sora.apps.tagging.tags import tags

FPS, SIZE = 25, (320, 240)
MAX_ERROR_FRAMES = 3
MIN_FOUND, MIN_SHOWN = 0.95, 1.0  # shares of all cuts, and of the clips in storyboards


def main() -> int:
    """Join, summarise, print; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path, help="folder with labels.csv")
    parser.add_argument("bundle", type=Path, help="the model")
    parser.add_argument("--videos", type=int, default=10, help="default: 10")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of clips")
    parser.add_argument("--keep", type=Path, help="where storyboards and texts are kept")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    table, rng = pd.read_csv(options.dataset / "labels.csv"), np.random.default_rng(options.seed)
    models = load_models(options.bundle)
    with tempfile.TemporaryDirectory() as folder:
        keep = options.keep or Path(folder)
        rows = [
            measure(draw(table, rng), options.dataset, models, keep / f"{number:02}")
            for number in range(options.videos)
        ]
    models.predictor.guard.close()
    limits = check(rows)
    show(rows, limits)
    if options.json:
        options.json.write_text(json.dumps({"rows": rows, "limits": limits}, indent=2) + "\n")
    return int(not all(limits.values()))


def draw(table: pd.DataFrame, rng: np.random.Generator) -> list[str]:
    """Draw one clip of each label, in random order."""
    paths = [rng.choice(list(own["path"])) for _, own in table.groupby("label")]
    return [str(path) for path in rng.permutation(paths)]


def measure(paths: Sequence[str], dataset: Path, models: Models, folder: Path) -> dict[str, Any]:
    """Join clips, summarise them, and compare with how they were joined."""
    folder.mkdir(parents=True, exist_ok=True)
    video = folder / "joined.mp4"
    lengths = join([dataset / path for path in paths], video)
    edges = np.cumsum([0, *lengths])
    start = time.perf_counter()
    analysis = analyse(video, models)
    analysed = time.perf_counter() - start
    record = write_summary(video, models.predictor.guard, analysis, folder)
    seconds = time.perf_counter() - start
    chinese = describe(analysis, tags(analysis), "zh")
    (folder / "both.txt").write_text(f"{' | '.join(paths)}\n{record['text']}\n{chinese}\n", encoding="utf-8")
    cuts = np.array(record["cuts_seconds"]) * FPS
    found = [bool(len(cuts)) and bool(np.abs(cuts - edge).min() <= MAX_ERROR_FRAMES) for edge in edges[1:-1]]
    shown = {int(np.searchsorted(edges, frame["seconds"] * FPS, "right")) for frame in record["key_frames"]}
    return {
        "clips": [path.split("/")[-1] for path in paths],
        "seconds": round(float(edges[-1]) / FPS, 1),
        "cuts_found": sum(found),
        "cuts": len(found),
        "false_cuts": len(cuts) - sum(found),
        "clips_shown": len(shown),
        "coverage": record["coverage"],
        "analysis_seconds": round(analysed, 1),
        "summary_seconds": round(seconds - analysed, 1),
        "text": record["text"],
        "text_zh": chinese,
    }


def join(videos: Sequence[Path], path: Path) -> list[int]:
    """Write videos one after the other, frame by frame; return the number of frames of each."""
    counts: list[int] = []
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=FPS, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for video in videos:
            with av.open(str(video)) as container:
                counts.append(0)
                for frame in container.decode(video=0):
                    pixels = frame.reformat(*SIZE, "rgb24").to_ndarray()
                    picture = av.VideoFrame.from_ndarray(pixels, "rgb24")
                    picture.pts, picture.time_base = sum(counts), Fraction(1, FPS)
                    output.mux(stream.encode(picture))
                    counts[-1] += 1
        output.mux(stream.encode())
    return counts


def check(rows: Sequence[dict[str, Any]]) -> dict[str, bool]:
    """Return which limits hold."""
    found, cuts = sum(row["cuts_found"] for row in rows), sum(row["cuts"] for row in rows)
    shown, clips = sum(row["clips_shown"] for row in rows), sum(len(row["clips"]) for row in rows)
    return {
        f"at least {MIN_FOUND:.0%} of the cuts are found": found >= MIN_FOUND * cuts,
        "every clip is on the storyboard": shown >= MIN_SHOWN * clips,
    }


def show(rows: Sequence[dict[str, Any]], limits: dict[str, bool]) -> None:
    """Print the figures, the texts and the limits."""
    table = Table("video", "s", "cuts found", "false cuts", "clips shown", "coverage", "analysis s", "rest s")
    for number, row in enumerate(rows):
        cells = (
            f"{row['cuts_found']} of {row['cuts']}",
            row["false_cuts"],
            row["clips_shown"],
            row["coverage"],
        )
        times = (row["analysis_seconds"], row["summary_seconds"])
        table.add_row(*map(str, (number, row["seconds"], *cells, *times)))
    console = Console()
    console.print(table)
    for row in rows:
        console.print(row["text"], row["text_zh"], "", sep="\n", highlight=False)
    for limit, holds in limits.items():
        console.print(f"{'holds' if holds else 'FAILS'}: {limit}")


if __name__ == "__main__":
    sys.exit(main())
