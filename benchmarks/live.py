"""Whether ``sora watch`` keeps up with a camera: a 320 x 240 file at 30 frames per second, for ten minutes.

    python benchmarks/live.py [--model models/sora] [--clips VIDEO...] [--minutes 10] [--json FILE]

The file is made of CLIPS (default: those of the demo), one after the other and over and over, at one size
and rate. It is watched in real time by the command itself with an answer every 8 frames. Drift is by how
much later the last answers come than the first, less what their times in the video say. Memory is of the
command and its child, in the first and in the last minute. Ends with 1 where a limit does not hold.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import psutil
from projects import ROOT
from rich.console import Console
from rich.table import Table

from sora.video.read import iterate_frames

FPS, WIDTH, HEIGHT = 30, 320, 240
EVERY = 8
LIMITS = {
    "frames dropped": 0,
    "delay p95 ms": 300,
    "drift ms": 50,
    "memory growth MiB": 16,
}
SETTLING_SECONDS = 20  # before memory is looked at: the ring fills, allocators settle
NUM_ENDS = 20  # answers at each end whose median tells the drift


class Sample(NamedTuple):
    """Memory of the command and its child at a moment."""

    seconds: float
    mib: float


class Measured(NamedTuple):
    """What a watch gave: its answers, each with when it came, its memory, and processor seconds a second."""

    answers: list[dict[str, Any]]
    samples: list[Sample]
    cpu_share: float


def main() -> int:
    """Make the file, watch it, print; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=Path("models/sora"))
    parser.add_argument("--clips", type=Path, nargs="+", help="default: data/demo")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    clips = options.clips or sorted(Path("data/demo").glob("*/*.mkv"))
    if not clips:
        parser.error("no clips: name some with --clips, or run the pipeline on the demo data first")
    with tempfile.TemporaryDirectory() as folder:
        video = write_file(Path(folder, "camera.mp4"), clips, round(options.minutes * 60 * FPS))
        measured = watch_file(video, options.model)
    found = figures(measured)
    show(found)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    return int(not all(row["holds"] for row in found.values()))


def write_file(path: Path, clips: list[Path], num_frames: int) -> Path:
    """Write the frames of the clips, over and over, at one size and rate."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for picture in islice(pictures(clips), num_frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())
    return path


def pictures(clips: list[Path]) -> Iterator[np.ndarray]:
    """Yield the frames of clips for ever."""
    for path in cycle(clips):
        yield from (frame.pixels for frame in iterate_frames(path, lambda *_: (WIDTH, HEIGHT)))


def watch_file(video: Path, model: Path) -> Measured:
    """Run the command on a file; note when each answer comes, and look at its memory every second."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from sora.cli import app; app()"
    words = ["watch", str(video), "--model", str(model), "--every", str(EVERY)]
    start = time.monotonic()
    with subprocess.Popen([sys.executable, "-c", code, *words], stdout=subprocess.PIPE, text=True) as process:
        samples, cpu = [], []
        watcher = threading.Thread(target=look, args=(process.pid, start, samples, cpu), daemon=True)
        watcher.start()
        assert process.stdout is not None
        answers = [{**json.loads(line), "came": time.monotonic() - start} for line in process.stdout]
    watcher.join()
    if process.returncode or len(answers) < 2 * NUM_ENDS:
        sys.exit(f"sora watch ended with {process.returncode} after {len(answers)} answers")
    return Measured(answers, samples, cpu[-1] / samples[-1].seconds)


def look(pid: int, start: float, samples: list[Sample], cpu: list[float]) -> None:
    """Note memory and processor seconds of a process and its children until it ends."""
    try:
        process = psutil.Process(pid)
        while True:
            everyone = [process, *process.children(recursive=True)]
            mib = sum(one.memory_info().rss for one in everyone) / 2**20
            seconds = sum(sum(one.cpu_times()[:2]) for one in everyone)
            samples.append(Sample(time.monotonic() - start, mib))
            cpu.append(seconds)
            time.sleep(1)
    except psutil.Error:
        return


def figures(measured: Measured) -> dict[str, dict[str, Any]]:
    """Return each figure with its limit, where it has one."""
    answers, samples = measured.answers, measured.samples
    delays = [answer["delay_ms"] for answer in answers]
    begin, end = samples[0].seconds + SETTLING_SECONDS, samples[-1].seconds
    minute = min(60.0, (end - begin) / 2)
    first = memory(samples, begin, begin + minute)
    last = memory(samples, end - minute, end)
    values = {
        "frames seen": answers[-1]["frame"],
        "frames dropped": answers[-1]["dropped"],
        "answers": len(answers),
        "delay p50 ms": float(np.median(delays)),
        "delay p95 ms": float(np.quantile(delays, 0.95)),
        "delay most ms": max(delays),
        "drift ms": drift_ms(answers),
        "cores busy": measured.cpu_share,
        "memory first minute MiB": first,
        "memory last minute MiB": last,
        "memory growth MiB": last - first,
    }
    return {
        name: {
            "value": round(value, 1) if name != "cores busy" else round(value, 2),
            "limit": LIMITS.get(name, ""),
            "holds": name not in LIMITS or abs(value) <= LIMITS[name],
        }
        for name, value in values.items()
    }


def memory(samples: list[Sample], begin: float, end: float) -> float:
    """Return the median memory between two moments."""
    return float(np.median([sample.mib for sample in samples if begin <= sample.seconds <= end]))


def drift_ms(answers: list[dict[str, Any]]) -> float:
    """Return by how much the clock of the video went slower than that on the wall, delays taken off."""
    lateness = [1000 * (a["came"] - a["time_seconds"]) - a["delay_ms"] for a in answers]
    return float(np.median(lateness[-NUM_ENDS:]) - np.median(lateness[:NUM_ENDS]))


def show(found: dict[str, dict[str, Any]]) -> None:
    """Print the figures."""
    table = Table("what", "value", "limit", "holds", title=f"{WIDTH} x {HEIGHT}, {FPS} fps, every {EVERY}")
    for name, row in found.items():
        table.add_row(name, *map(str, row.values()))
    Console(width=100).print(table)


if __name__ == "__main__":
    sys.exit(main())
