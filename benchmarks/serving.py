"""How fast the Bento answers over HTTP, beside the same work done without it in the same run.

    python benchmarks/serving.py PROJECT [--json FILE]

PROJECT is a folder in which ``compress`` ran. Its Bento is built, and served by ``bentoml serve`` with its
two workers. The clips last 5 s, are 320 x 240 pixels large and all different, so that none is known before.
What one client waits for is compared with reading a clip and judging it on one thread; what 16 clients get in
a second, with two processes that do the same without a server. Both sides take turns, for the machine's speed
drifts. Batches are those of 8 threads that share a backbone as the requests of one worker do. Ends with 1
where a limit does not hold.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import urlsplit

import cv2
import numpy as np
from hostile import another
from rich.console import Console
from rich.table import Table
from served import FPS, HEIGHT, SECONDS, WIDTH, Server, cpu_seconds, memory_mib, served, write_clip

from sora.batching import Batcher
from sora.bundle import read_bundle
from sora.clip import read_clean_clip
from sora.frames.inputs import network_input
from sora.runtimes import load_backbone, load_head, segment_features

NUM_CLIENTS, NUM_PROCESSES, NUM_THREADS, BATCH_SIZE = 16, 2, 8, 4
NUM_SCENES = 8  # of which the clips are made
NUM_FIRST = 8  # clips of one client that do not count: imports, new memory
LIMITS = {
    "latency, times decode and inference": 1.3,
    "throughput, share of two processes": 0.85,
    "first answer, times a repeated one": 20.0,
    "errors": 0,
}
AT_LEAST = ("throughput, share of two processes", "first answer, times a repeated one")
Figures: TypeAlias = dict[str, float | str]


class Round(NamedTuple):
    """A turn of many clips: seconds on the clock, of processors, and of each clip."""

    wall: float
    cpu: float
    each: list[float]


class Clips:
    """Clips that nobody has seen before."""

    def __init__(self, folder: Path) -> None:
        self._scenes = [write_clip(folder / f"{seed}.mp4", seed).read_bytes() for seed in range(NUM_SCENES)]
        self._numbers = count()

    def take(self, number: int) -> list[bytes]:
        """Return so many."""
        taken = [next(self._numbers) for _ in range(number)]
        return [another(self._scenes[one % NUM_SCENES], one) for one in taken]


def main() -> int:
    """Build, serve, measure, print; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("--clips", type=int, default=240, help="of the throughput (default: 240)")
    parser.add_argument("--single", type=int, default=32, help="clips of the one client (default: 32)")
    parser.add_argument("--rounds", type=int, default=4, help="turns of either side (default: 4)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    bundle = options.project / "models" / "sora"
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        clips = Clips(Path(name))
        plain = [stack.enter_context(Plain(bundle, Path(name))) for _ in range(NUM_PROCESSES)]
        server = stack.enter_context(served(options.project, Path(name)))
        found = one_client(server, plain[0], clips, options.single)
        found |= many_clients(server, plain, clips, options.clips // options.rounds, options.rounds)
    with tempfile.TemporaryDirectory() as name:
        found |= batching(bundle, write_clip(Path(name, "clip.mp4"), 0))
    rows = {name: judged(name, value) for name, value in found.items()}
    show(rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")
    return int(not all(row["holds"] for row in rows.values()))


class Plain:
    """A process that reads and judges clips on one thread, without a server."""

    def __init__(self, bundle: Path, folder: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, far_end = context.Pipe()
        self._process = context.Process(target=work, args=(far_end, bundle, folder), daemon=True)

    def __enter__(self) -> "Plain":
        """Start it, and wait until it has loaded the networks."""
        self._process.start()
        self._pipe.recv()
        return self

    def __exit__(self, *error: object) -> None:
        """End it."""
        self._process.kill()
        self._process.join()

    def begin(self, clips: Sequence[bytes]) -> None:
        """Have clips read and judged."""
        self._pipe.send(clips)

    def end(self) -> Round:
        """Wait until that is done."""
        return self._pipe.recv()


def work(pipe: Connection, bundle_folder: Path, folder: Path) -> None:
    """Be that process."""
    cv2.setNumThreads(1)
    bundle = read_bundle(bundle_folder)
    backbone, head = load_backbone(bundle.backbone), load_head(bundle.head)
    pipe.send("ready")
    path = folder / f"{os.getpid()}.mp4"
    while True:
        clips, each, cpu, start = pipe.recv(), [], time.process_time(), time.perf_counter()
        for clip in clips:
            begin = time.perf_counter()
            path.write_bytes(clip)
            pixels = read_clean_clip(path, bundle.spec.clip).pixels
            head(segment_features(network_input(pixels, bundle.spec), backbone))
            each.append(time.perf_counter() - begin)
        pipe.send(Round(time.perf_counter() - start, time.process_time() - cpu, each))


def one_client(server: Server, plain: Plain, clips: Clips, num_clips: int) -> Figures:
    """Compare what one client waits for with the work alone, clip by clip in turn."""
    asked, alone, known = [], [], []
    with closing(connected(server)) as client:
        for clip in clips.take(num_clips):
            plain.begin([clip])
            alone += plain.end().each
            asked.append(seconds_of(lambda: classify(client, clip)))  # noqa: B023  # called at once
            known.append(seconds_of(lambda: classify(client, clip)))  # noqa: B023
    asked, alone, known = (one[NUM_FIRST:] for one in (asked, alone, known))
    return {
        "one client: decode and inference alone ms": 1000 * statistics.median(alone),
        "one client: latency ms": 1000 * statistics.median(asked),
        "one client: latency p95 ms": 1000 * float(np.quantile(asked, 0.95)),
        "latency, times decode and inference": statistics.median(asked) / statistics.median(alone),
        "one client: known video ms": 1000 * statistics.median(known),
        "first answer, times a repeated one": statistics.median(asked) / statistics.median(known),
    }


def connected(server: Server) -> HTTPConnection:
    """Return a client that takes little from the cores that it shares with the server."""
    address = urlsplit(server.url)
    assert address.hostname is not None
    return HTTPConnection(address.hostname, address.port, timeout=300)


def classify(client: HTTPConnection, clip: bytes) -> int:
    """Send a clip; return the status of the answer."""
    client.request("POST", "/classify", clip, {"Content-Type": "video/mp4"})
    answer = client.getresponse()
    answer.read()
    return answer.status


def seconds_of(call: Callable[[], int]) -> float:
    """Return how long a call takes that must succeed."""
    start = time.perf_counter()
    if (status := call()) != 200:
        sys.exit(f"a good clip was answered with {status}")
    return time.perf_counter() - start


def many_clients(server: Server, plain: list[Plain], clips: Clips, num_clips: int, rounds: int) -> Figures:
    """Compare the throughput for many clients with that of plain processes, in turn."""
    asked_all(server, clips.take(2 * NUM_CLIENTS))  # both workers have grown their threads and buffers
    before, errors = memory_mib(server.everyone()), 0
    asked, alone = [], []
    for _ in range(rounds):
        alone.append(worked_all(plain, clips.take(num_clips)))
        one, num_errors = asked_all(server, clips.take(num_clips))
        asked.append(one)
        errors += num_errors
    each = [seconds for one in asked for seconds in one.each]
    return {
        "errors": errors,
        f"{NUM_CLIENTS} clients: clips a second": statistics.median(num_clips / one.wall for one in asked),
        "two processes: clips a second": statistics.median(num_clips / one.wall for one in alone),
        "throughput, share of two processes": statistics.median(
            a.wall / b.wall for a, b in zip(alone, asked, strict=True)
        ),
        "CPU s a clip, of the server": statistics.median(one.cpu / num_clips for one in asked),
        "CPU s a clip, of two processes": statistics.median(one.cpu / num_clips for one in alone),
        f"{NUM_CLIENTS} clients: p50 ms": 1000 * statistics.median(each),
        f"{NUM_CLIENTS} clients: p99 ms": 1000 * float(np.quantile(each, 0.99)),
        "memory of the server before MiB": before,
        "memory of the server after MiB": memory_mib(server.everyone()),
    }


def worked_all(plain: list[Plain], clips: list[bytes]) -> Round:
    """Share clips among plain processes."""
    start = time.perf_counter()
    for place, one in enumerate(plain):
        one.begin(clips[place :: len(plain)])
    done = [one.end() for one in plain]
    return Round(time.perf_counter() - start, sum(one.cpu for one in done), [])


def asked_all(server: Server, clips: list[bytes]) -> tuple[Round, int]:
    """Send clips from so many clients, each of which sends the next when it has its answer; count errors."""
    todo = iter(clips)
    cpu, start = cpu_seconds(server.everyone()), time.perf_counter()
    with ThreadPoolExecutor(NUM_CLIENTS) as pool:
        answers = [answer for one in [pool.submit(ask, server, todo) for _ in range(NUM_CLIENTS)]
                   for answer in one.result()]  # fmt: skip
    wall = time.perf_counter() - start
    found = Round(wall, cpu_seconds(server.everyone()) - cpu, [seconds for _, seconds in answers])
    return found, sum(status != 200 for status, _ in answers)


def ask(server: Server, clips: Iterator[bytes]) -> list[tuple[int, float]]:
    """Be one client; return status and seconds of each answer."""
    answers = []
    with closing(connected(server)) as client:
        for clip in clips:
            start = time.perf_counter()
            try:
                status = classify(client, clip)
            except (OSError, HTTPException):
                status = 0
            answers.append((status, time.perf_counter() - start))
    return answers


def batching(bundle_folder: Path, clip: Path, num_clips: int = 48, rounds: int = 3) -> Figures:
    """Compare threads whose images go through the backbone together with the same threads one by one."""
    bundle, sizes = read_bundle(bundle_folder), Counter[int]()
    backbone = load_backbone(bundle.backbone)
    pixels = read_clean_clip(clip, bundle.spec.clip).pixels

    def run(batch: Sequence[np.ndarray]) -> list[np.ndarray]:
        sizes[len(batch)] += 1
        return np.split(backbone(np.concatenate(batch)), np.cumsum([len(one) for one in batch])[:-1])

    def seconds(max_size: int) -> float:
        shared = Batcher(run, max_size)
        start = time.perf_counter()
        with ThreadPoolExecutor(NUM_THREADS) as pool:
            judged = [
                pool.submit(lambda: segment_features(network_input(pixels, bundle.spec), shared))
                for _ in range(num_clips)
            ]
            assert all(one.result().size for one in judged)
        return time.perf_counter() - start

    single = [(seconds(1), sizes.clear(), seconds(BATCH_SIZE))[::2] for _ in range(rounds)]
    return {
        "batches by clips in them": ", ".join(f"{size}: {number}" for size, number in sorted(sizes.items())),
        "batching, times as fast as without": statistics.median(one / many for one, many in single),
    }


def judged(name: str, value: float | str) -> dict[str, Any]:
    """Return a figure with its limit and whether it holds."""
    if name not in LIMITS or isinstance(value, str):
        return {"value": value, "limit": "", "holds": True}
    holds = value >= LIMITS[name] if name in AT_LEAST else value <= LIMITS[name]
    return {"value": value, "limit": LIMITS[name], "holds": holds}


def show(rows: dict[str, dict[str, Any]]) -> None:
    """Print the figures."""
    table = Table(
        "what", "value", "limit", "holds", title=f"clips of {SECONDS} s, {WIDTH} x {HEIGHT}, {FPS} fps"
    )
    for name, row in rows.items():
        value = row["value"] if isinstance(row["value"], str) else f"{row['value']:.4g}"
        limit = row["limit"] and f"{'at least' if name in AT_LEAST else 'at most'} {row['limit']:g}"
        table.add_row(name, value, str(limit), str(row["holds"]))
    Console(width=110).print(table)


if __name__ == "__main__":
    sys.exit(main())
