"""What becomes of the service under good and hostile requests at once, and when its processes are killed.

    python benchmarks/serving_load.py PROJECT [--minutes 10] [--clients 24] [--json FILE]

PROJECT is a folder in which ``compress`` ran; its Bento is served by ``bentoml serve`` in a folder of its
own. Many clients send every kind of request of ``hostile.py`` in turn, from time to time 200 come at once,
and a process of its own asks /health and /livez every 100 ms. Then comes what ``killing.py`` does. Ends with
1 where a limit does not hold or an answer was not right for its request.
"""

import argparse
import contextlib
import http.client
import json
import multiprocessing
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
from hostile import KINDS, Kind, Target, answered, hostile_videos, redirecting
from killing import decoders_killed, decoders_stopped, worker_killed
from rich.console import Console
from rich.table import Table
from served import Server, memory_mib, served, write_clip

from sora.serving.feedback import read_feedback

DECODE_SECONDS = 5
SETTINGS = {
    "SORA_TOKEN": "sesame",
    "SORA_ALLOWED_NETWORKS": "127.0.0.0/8",
    "SORA_UPLOAD_SECONDS": "6",
    "SORA_DECODE_SECONDS": str(DECODE_SECONDS),
    "SORA_MAX_BYTES": str(32 * 2**20),
}
NUM_AT_ONCE = 200
BURST_SECONDS = 60
HEALTH_SECONDS = 0.1
LIMITS = {
    "answers that were not right": 0,
    "workers that ended": 0,
    "health: failed": 0,
    "health: p99 ms": 100,
    "memory: growth in the second half MiB": 64,
    "files left": 0,
    "processes that nobody waited for": 0,
    "jobs that did not end": 0,
    "feedback that was lost": 0,
    "worker killed: wrong outcomes": 0,
    "worker killed: back after s": 30,
    "decoders killed: replaced after s": 2,
    "decoders killed: next answer after s": 2,
    "decoders stopped: answer after s": DECODE_SECONDS + 2,
    "decoders stopped: next answer after s": 2,
}
Tally = Counter[tuple[str, str]]


def main() -> int:
    """Serve, load, kill, print; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--clients", type=int, default=24)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, redirecting() as files:
        folder = Path(name)
        clip = write_clip(folder / "good.mp4", 0).read_bytes()
        hostile = hostile_videos(folder, clip)
        with served(options.project, folder, **SETTINGS) as server:
            target = Target(server.url, clip, hostile, files, SETTINGS["SORA_TOKEN"])
            tally, found = under_load(server, target, 60 * options.minutes, options.clients, folder)
            found |= worker_killed(server, target)
            found |= decoders_killed(server, target)
            found |= decoders_stopped(server, target)
            found |= {"feedback that was lost": num_lost(server, target)}
    rows = {name: judged(name, value) for name, value in found.items()}
    show(tally, rows)
    if options.json:
        statuses = [[*key, number] for key, number in sorted(tally.items())]
        options.json.write_text(json.dumps({"figures": rows, "answers": statuses}, indent=2) + "\n")
    return int(not all(row["holds"] for row in rows.values()))


def under_load(
    server: Server, target: Target, seconds: float, num_clients: int, folder: Path
) -> tuple[Tally, dict[str, float]]:
    """Send all kinds of requests for a time; return the answers by kind, and the figures."""
    workers, files = server.workers(), files_in(server, folder)
    samples: list[tuple[float, float]] = []
    with asking_health(server.url) as health, sampling(server, samples):
        tally = load(target, seconds, num_clients)
        not_ended = num_not_ended(target)
        delays, failed = health()
    left, zombies = files_in(server, folder) - files, num_zombies(server)
    at = np.array(samples)
    half = at[at[:, 0] > at[-1, 0] / 2]
    slope = float(np.polyfit(half[:, 0], half[:, 1], 1)[0]) if len(half) > 2 else 0.0
    return tally, {
        "answers": sum(tally.values()),
        "answers that were not right": sum(n for (kind, got), n in tally.items() if got not in right(kind)),
        "workers that ended": sum(not one.is_running() for one in workers),
        "health: asked": len(delays) + failed,
        "health: failed": failed,
        "health: p50 ms": 1000 * float(np.quantile(delays, 0.5)),
        "health: p99 ms": 1000 * float(np.quantile(delays, 0.99)),
        "health: most ms": 1000 * max(delays),
        "memory: first MiB": samples[0][1],
        "memory: at half time MiB": float(half[0, 1]),
        "memory: most MiB": float(at[:, 1].max()),
        "memory: growth in the second half MiB": slope * float(half[-1, 0] - half[0, 0]),
        "files left": len(left),
        "processes that nobody waited for": zombies,
        "jobs that did not end": not_ended,
    }


def right(kind: str) -> frozenset[str]:
    """Return the outcomes that are right for a kind of request."""
    return KINDS[kind].right if kind in KINDS else KINDS["new clip"].right


def load(target: Target, seconds: float, num_clients: int) -> Tally:
    """Send every kind of request in turn from so many clients, and many good ones at once now and then."""
    end, tally, counting = time.monotonic() + seconds, Tally(), threading.Lock()

    def send(name: str, kind: Kind) -> None:
        got = kind.send(target)
        with counting:
            tally[name, got] += 1

    def client(seed: int) -> None:
        order = random.Random(seed)
        while time.monotonic() < end:
            for name, kind in order.sample(list(KINDS.items()), len(KINDS)):
                if time.monotonic() < end:
                    send(name, kind)

    def bursts() -> None:
        while time.monotonic() + BURST_SECONDS / 2 < end:
            time.sleep(BURST_SECONDS / 4)
            with ThreadPoolExecutor(NUM_AT_ONCE) as pool:
                for _ in range(NUM_AT_ONCE):
                    pool.submit(send, f"{NUM_AT_ONCE} at once", KINDS["new clip"])
            time.sleep(BURST_SECONDS * 3 / 4)

    with ThreadPoolExecutor(num_clients + 1) as pool:
        for done in [pool.submit(bursts), *(pool.submit(client, seed) for seed in range(num_clients))]:
            done.add_done_callback(lambda one: one.result())
    return tally


def num_not_ended(target: Target, patience_seconds: float = 120) -> int:
    """Wait for the jobs that were accepted; return how many have not come to an end."""
    end = time.monotonic() + patience_seconds
    todo = list(target.jobs)
    while todo and time.monotonic() < end:
        jobs = {place: answered(target, place, "GET").json() for place in todo}
        todo = [place for place, job in jobs.items() if job["status"] in ("queued", "running")]
        time.sleep(0.5)
    return len(todo)


@contextlib.contextmanager
def asking_health(url: str) -> Iterator[Callable[[], tuple[list[float], int]]]:
    """Have a process of its own ask; yield the function that ends it and gives seconds and failures."""
    context = multiprocessing.get_context("spawn")
    pipe, far_end = context.Pipe()
    process = context.Process(target=ask_health, args=(far_end, url), daemon=True)
    process.start()
    pipe.recv()

    def end() -> tuple[list[float], int]:
        pipe.send("end")
        return pipe.recv()

    try:
        yield end
    finally:
        process.kill()
        process.join()


def ask_health(pipe: Connection, url: str) -> None:
    """Ask for both in turn, each time on a new connection, for either worker may take it."""
    delays, failed, next_time, address = [], 0, time.monotonic(), httpx.URL(url)
    pipe.send("ready")
    while not pipe.poll(max(next_time - time.monotonic(), 0)):
        next_time = max(next_time + HEALTH_SECONDS, time.monotonic())
        start = time.monotonic()
        try:
            with contextlib.closing(
                http.client.HTTPConnection(address.host, address.port, timeout=10)
            ) as connection:
                connection.request("GET", ("/health", "/livez")[len(delays) % 2])
                failed += connection.getresponse().status != 200
            delays.append(time.monotonic() - start)
        except OSError:
            failed += 1
    pipe.send((delays, failed))


@contextlib.contextmanager
def sampling(server: Server, samples: list[tuple[float, float]]) -> Iterator[None]:
    """Note the memory of the server every second."""
    ended, start = threading.Event(), time.monotonic()

    def sample() -> None:
        while not ended.wait(1):
            samples.append((time.monotonic() - start, memory_mib(server.everyone())))

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def files_in(server: Server, folder: Path) -> set[Path]:
    """Return the files of requests, and what lies in the folder that the server takes for temporary ones."""
    time.sleep(2)  # what hung up is noticed at the next step
    scratch = {path for path in (server.state / "scratch").rglob("*") if path.is_file()}
    return {path for path in scratch if path.name != ".lock"} | set((folder / "tmp").rglob("*"))


def num_zombies(server: Server) -> int:
    """Return how many processes have ended without that anybody took notice, for longer than a second."""
    first = {one for one in server.everyone() if one.status() == psutil.STATUS_ZOMBIE}
    time.sleep(1.5)
    return len([one for one in first if one.is_running() and one.status() == psutil.STATUS_ZOMBIE])


def num_lost(server: Server, target: Target) -> int:
    """Return how many corrections are not on the disk though they were acknowledged."""
    folder = server.state / "feedback"
    kept = {one.content_hash for one in read_feedback(folder) if (folder / one.file).exists()}
    return len(set(target.acknowledged) - kept)


def judged(name: str, value: float) -> dict[str, Any]:
    """Return a figure with its limit and whether it holds."""
    return {"value": value, "limit": LIMITS.get(name, ""), "holds": value <= LIMITS.get(name, float("inf"))}


def show(tally: Tally, rows: dict[str, dict[str, Any]]) -> None:
    """Print the answers by kind, and the figures."""
    answers = Table("request", "answers", "right", title="answers")
    for kind in sorted({kind for kind, _ in tally}):
        got = {outcome: number for (name, outcome), number in sorted(tally.items()) if name == kind}
        told = ", ".join(f"{outcome}: {number}" for outcome, number in got.items())
        answers.add_row(kind, told, str(set(got) <= right(kind)))
    figures = Table("what", "value", "at most", "holds", title="figures")
    for name, row in rows.items():
        figures.add_row(name, f"{row['value']:.4g}", str(row["limit"]), str(row["holds"]))
    console = Console(width=110)
    console.print(answers)
    console.print(figures)


if __name__ == "__main__":
    sys.exit(main())
