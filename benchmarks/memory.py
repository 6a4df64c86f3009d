"""How much memory reading takes: one hour of 1080p, and thousands of opens.

    python benchmarks/memory.py [--opens 5000] [--json FILE]

The hour is ten rendered seconds, encoded once, whose packets are repeated 360 times. Each measurement runs in
a process of its own. Ends with 1 where a limit does not hold.
"""

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil
from decode import CLIPS, FPS, encode, render_scene, square
from rich.console import Console
from rich.table import Table

from sora.video.container import packets
from sora.video.probe import probe
from sora.video.read import read_frames

NUM_CHOSEN = 64
REPEATS = 360
MAX_MIB = 500
MAX_GROWTH_MIB = 8


def main() -> int:
    """Make the files, measure, print; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--opens", type=int, default=5000, help="default: 5000")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ten_seconds = Path(folder, "ten_seconds.mp4")
        encode(ten_seconds, list(render_scene()), CLIPS["1080p_h264.mp4"])
        hour = repeated(ten_seconds, Path(folder, "hour.mp4"), REPEATS)
        small = write_small(Path(folder, "small.mp4"))
        figures = {
            f"{NUM_CHOSEN} frames of an hour of 1080p": in_child(read_hour, hour),
            f"{options.opens} opens to read": in_child(open_often, small, options.opens, "read"),
            f"{options.opens} opens to probe": in_child(open_often, small, options.opens, "probe"),
        }
    show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return int(not all(row["holds"] for row in figures.values()))


def repeated(source: Path, target: Path, times: int) -> Path:
    """Copy the packets of ``source`` over and over, each round later than the last."""
    with av.open(str(source)) as given, av.open(str(target), "w") as written:
        stream = given.streams.video[0]
        copied = written.add_stream_from_template(stream)
        length = int(stream.frames / (stream.average_rate or FPS) / stream.time_base)
        for turn in range(times):
            given.seek(0)
            for packet in packets(given, stream):
                if isinstance(packet, av.Packet) and packet.size:
                    packet.pts, packet.dts = packet.pts + turn * length, packet.dts + turn * length
                    packet.stream = copied
                    written.mux(packet)
    return target


def write_small(path: Path) -> Path:
    """Write one second of noise, 64 x 64."""
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(25):
            picture = rng.integers(0, 256, (64, 64, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())
    return path


def in_child(function: Any, *arguments: Any) -> dict[str, Any]:
    """Call a function in a fresh process, whose peak memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def read_hour(path: Path) -> dict[str, Any]:
    """Read frames spread over an hour; return the peak memory of the process."""
    start = time.perf_counter()
    frames = read_frames(path, spread, square, num_threads=0)
    seconds = time.perf_counter() - start
    peak_mib = peak_kib() / 1024
    return {
        "frames": f"{len(frames.pixels)} of {frames.num_frames}",
        "seconds": round(seconds, 1),
        "mib": round(peak_mib, 1),
        "limit_mib": MAX_MIB,
        "holds": peak_mib < MAX_MIB,
    }


def peak_kib() -> int:
    """Return this program's peak memory; ``getrusage`` would count what its parent held when it forked."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
    return int(line.split()[1])


def spread(times: np.ndarray) -> list[int]:
    """Choose the centres of 64 equal parts."""
    return [int((part + 0.5) * len(times) / NUM_CHOSEN) for part in range(NUM_CHOSEN)]


def open_often(path: Path, count: int, what: str) -> dict[str, Any]:
    """Read or probe a small file often; return by how much the process grew after the first fifth."""
    process, at_first, start = psutil.Process(), 0, time.perf_counter()
    for number in range(count):
        if what == "probe":
            probe(path)
        else:
            read_frames(path, lambda times: [0, 20], square)
        if number == count // 5:
            at_first = process.memory_info().rss
    growth_mib = (process.memory_info().rss - at_first) / 2**20
    return {
        "frames": "",
        "seconds": round(time.perf_counter() - start, 1),
        "mib": round(growth_mib, 1),
        "limit_mib": MAX_GROWTH_MIB,
        "holds": growth_mib < MAX_GROWTH_MIB,
    }


def show(figures: dict[str, Any]) -> None:
    """Print the figures."""
    table = Table("what", *next(iter(figures.values())), title="peak, and growth over the opens")
    for name, row in figures.items():
        table.add_row(name, *map(str, row.values()))
    Console(width=120).print(table)


if __name__ == "__main__":
    sys.exit(main())
