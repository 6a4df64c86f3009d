"""How time and memory grow with the number of videos, ingest to train, here and on two Dask workers.

    python benchmarks/scale.py [--videos 30 300 1000 3000] [--engines local dask] [--folder DIR] [--json FILE]

The videos are written first, all different: 16 frames of 64 px, three labels, two videos a group. Each stage
runs as DVC runs it, on a project of its own, with the landed parameters but for the size of the pictures.
Memory is the greatest that the stage's own process, and any of those that work on videos, ever held. What a
video costs is told between two numbers of videos, so that starting counts for nothing; between the first two
it still hides some work, and nothing is compared with them. Train, which looks at all videos at once, is
measured and not held to the limits. Ends with 1 where one does not hold.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil
from distributed import LocalCluster
from projects import ROOT, make_project
from rich.console import Console
from rich.table import Table

from sora import layout
from sora.manifest import read_table

BY_VIDEO = ("ingest", "validate", "preprocess", "extract")
STAGES = (*BY_VIDEO, "train")
NUM_FRAMES, SIZE_PX, NUM_LABELS, GROUP_SIZE = 16, 64, 3, 2
SMALL = {
    "preprocess.num_segments": 4,
    "preprocess.frames_per_segment": 2,
    "preprocess.image_size_px": SIZE_PX,
    "extract.blocks": ["mean"],
    "extract.streams.names": ["rgb"],
    "extract.descriptors.names": ["motion.flow"],
    "extract.descriptors.flow_size_px": SIZE_PX,
    "train.blocks": ["rgb", "motion"],
}
NUM_WORKERS = 2
MAX_TIME_GROWTH = 1.5  # of what a video costs, from one pair of numbers to the next
MAX_CHILD_GROWTH_MIB = 32.0
MAX_MIB_PER_1000 = 60.0  # that a stage which works video by video itself may take more for its tables
LOOK_SECONDS = 0.1


def main() -> int:
    """Run everything and print; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=int, nargs="+", default=[30, 300, 1000, 3000], help="rising")
    parser.add_argument("--engines", nargs="+", default=["local", "dask"], help="local and dask")
    parser.add_argument("--folder", type=Path, help="keep everything here")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        videos = write_videos(folder / "videos", max(options.videos))
        rows = [
            row
            for engine in options.engines
            for number in options.videos
            for row in measured(folder / f"{engine}-{number}", engine, videos, number)
        ]
        same = len({digest(folder / f"{engine}-{options.videos[0]}") for engine in options.engines}) == 1
    found = [summary(rows, engine, options.videos) for engine in options.engines]
    show(rows, found, same)
    if options.json:
        figures = {"runs": rows, "growth": found, "same": same}
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return int(not same or any(each["faults"] for each in found))


def write_videos(folder: Path, number: int) -> list[Path]:
    """Write the videos that are not there yet, several at a time."""
    paths = [folder / f"{place:05}.mp4" for place in range(number)]
    folder.mkdir(parents=True, exist_ok=True)
    missing = [place for place in range(number) if not paths[place].exists()]
    with ProcessPoolExecutor() as pool:
        list(pool.map(write_video, [paths[place] for place in missing], missing, chunksize=50))
    return paths


def write_video(path: Path, seed: int) -> None:
    """Write a texture of its own that drifts; the label is which channel is darker."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 216, (16, 16, 3))
    texture = np.kron(coarse, np.ones((8, 8, 1), int)) + rng.integers(-12, 13, (128, 128, 3))
    texture[..., label_of(seed)] //= 2
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = SIZE_PX, SIZE_PX, "yuv420p"
        for index in range(NUM_FRAMES):
            shown = np.roll(texture, 2 * index, axis=1)[:SIZE_PX, :SIZE_PX].astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(shown), "rgb24")))
        container.mux(stream.encode())


def label_of(place: int) -> int:
    """Return the label of a video: videos of one group have one."""
    return place // GROUP_SIZE % NUM_LABELS


def measured(project: Path, engine: str, videos: Sequence[Path], number: int) -> Iterator[dict[str, Any]]:
    """Yield the cost of each stage on the first ``number`` videos."""
    source = project / "videos"
    source.mkdir(parents=True)
    for path in videos[:number]:
        (source / path.name).hardlink_to(path)
    rows = [f"{p.name},label{label_of(i)},group{i // GROUP_SIZE}" for i, p in enumerate(videos[:number])]
    (source / "labels.csv").write_text("\n".join(["path,label,group", *rows]) + "\n")
    with workers(engine) as address:
        execution = {"execution.engine": engine, "execution.address": address}
        make_project(project, {"ingest.source": "videos", **SMALL, **execution})
        for stage in STAGES:
            row = {"engine": engine, "videos": number, "stage": stage, **run_watched(project, stage)}
            print(row, file=sys.stderr, flush=True)
            yield row


@contextmanager
def workers(engine: str) -> Iterator[str]:
    """Yield the address of two workers for as long as they are needed, or nothing."""
    if engine == "local":
        yield ""
        return
    with LocalCluster(NUM_WORKERS, threads_per_worker=1, memory_limit=0, dashboard_address=":0") as cluster:
        yield cluster.scheduler_address


def run_watched(project: Path, stage: str) -> dict[str, float]:
    """Run one stage; return its seconds, and the greatest memory of its process and of any other, in MiB."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "sora.stages", stage]
    peaks: dict[int, float] = {}
    start = time.monotonic()
    with (project / f"{stage}.log").open("w") as log:
        run = subprocess.Popen(command, cwd=project, env=environment, stderr=log)
        watcher = threading.Thread(target=watch, args=[run, peaks])
        watcher.start()
        failed = run.wait()
        seconds = time.monotonic() - start
        watcher.join()
    if failed:
        sys.exit(f"{stage} failed in {project}:\n{(project / f'{stage}.log').read_text()}")
    own = peaks.pop(run.pid)
    return {
        "seconds": round(seconds, 2),
        "mib": round(own),
        "child_mib": round(max(peaks.values(), default=0)),
    }


def watch(run: subprocess.Popen[bytes], peaks: dict[int, float]) -> None:
    """Note the peak memory of every process below this one while ``run`` lasts."""
    while run.poll() is None:
        for process in psutil.Process().children(recursive=True):
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            peak = [int(line.split()[1]) / 1024 for line in status.splitlines() if "VmHWM" in line]
            peaks[process.pid] = max([peaks.get(process.pid, 0.0), *peak])
        time.sleep(LOOK_SECONDS)


def digest(project: Path) -> tuple[str, ...]:
    """Return what must be the same on every engine: all tables, and the names and bytes of all features."""
    features = sorted((project / layout.FEATURES).iterdir())
    tables = [read_table(project / name).to_csv() for name in (layout.MANIFEST, layout.FEATURE_INDEX)]
    return (*tables, *(f"{path.name}{path.read_bytes()!r}" for path in features))


def summary(rows: Sequence[dict[str, Any]], engine: str, numbers: Sequence[int]) -> dict[str, Any]:
    """Return what a further video costs between two numbers of videos, and which limits do not hold."""
    cost = {(row["stage"], row["videos"]): row for row in rows if row["engine"] == engine}
    whole = {number: sum(cost[stage, number]["seconds"] for stage in BY_VIDEO) for number in numbers}
    ms = {f"{a} to {b}": round(1000 * (whole[b] - whole[a]) / (b - a), 1) for a, b in pairwise(numbers)}
    faults = [
        f"{after}: {ms[after]} ms a video, {ms[before]} ms before"
        for before, after in list(pairwise(ms))[1:]
        if ms[after] > MAX_TIME_GROWTH * ms[before]
    ]
    for stage in BY_VIDEO:
        for a, b in pairwise(numbers):
            first, last = cost[stage, a], cost[stage, b]
            if last["child_mib"] > first["child_mib"] + MAX_CHILD_GROWTH_MIB:
                faults.append(f"{stage}: a child takes {last['child_mib']} MiB, {first['child_mib']} before")
            if last["mib"] - first["mib"] > MAX_MIB_PER_1000 * max(1.0, (b - a) / 1000):
                faults.append(f"{stage}: takes {last['mib']} MiB, {first['mib']} before")
    return {"engine": engine, "ms_a_video": ms, "faults": faults}


def show(rows: Sequence[dict[str, Any]], found: Sequence[dict[str, Any]], same: bool) -> None:
    """Print the figures."""
    table = Table("engine", "videos", "stage", "seconds", "MiB", "MiB of a child", title="time and memory")
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console(width=110).print(table)
    for each in found:
        told = ", ".join(f"{pair}: {ms} ms" for pair, ms in each["ms_a_video"].items())
        print(f"{each['engine']}: a further video costs, from {told}")
        for fault in each["faults"]:
            print(f"  GROWS: {fault}")
    print(f"the results of the engines {'are the same' if same else 'DIFFER'}")


if __name__ == "__main__":
    sys.exit(main())
