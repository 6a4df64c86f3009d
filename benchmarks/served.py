"""A Bento that is served for a benchmark, clips to send to it, and what its processes take."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import httpx
import numpy as np
import psutil
from projects import ROOT

from sora.serving.bento.build import build_bento

WIDTH, HEIGHT, FPS, SECONDS = 320, 240, 30, 5
_START_SECONDS = 120
_STOP_SECONDS = 120


@dataclass(frozen=True)
class Server:
    """BentoML's server on a Bento.

    Attributes:
        url: of its root.
        supervisor: parent of the workers.
        state: its folder of state.
        log: what it says.
    """

    url: str
    supervisor: psutil.Process
    state: Path
    log: Path

    def everyone(self) -> list[psutil.Process]:
        """Return all its processes that live: the supervisor, the workers, and what reads videos for them."""
        return [self.supervisor, *self.supervisor.children(recursive=True)]

    def workers(self) -> list[psutil.Process]:
        """Return the workers that live."""
        return [one for one in self.supervisor.children() if "worker.service" in words_of(one)]

    def decoders(self, worker: psutil.Process) -> list[psutil.Process]:
        """Return the children of a worker that read videos."""
        return [one for one in worker.children() if "spawn_main" in words_of(one)]


def words_of(process: psutil.Process) -> str:
    """Return how a process was called; nothing where it has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def memory_mib(processes: list[psutil.Process]) -> float:
    """Return the memory that processes have together, pages that several share counted in each."""
    total = 0
    for one in processes:
        with contextlib.suppress(psutil.Error):
            total += one.memory_info().rss
    return total / 2**20


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """Return the processor seconds that processes have used so far."""
    total = 0.0
    for one in processes:
        with contextlib.suppress(psutil.Error):
            total += sum(one.cpu_times()[:2])
    return total


@contextlib.contextmanager
def served(project: Path, folder: Path, **settings: str) -> Iterator[Server]:
    """Build the Bento of a project in which ``compress`` ran, and serve it; all files lie in ``folder``."""
    os.environ |= {"BENTOML_HOME": str(folder / "bentoml"), "BENTOML_DO_NOT_TRACK": "True"}
    contents, state, empty = folder / "contents", folder / "state", folder / "empty"
    for each in (folder / "bentoml", contents, state, empty, folder / "tmp"):
        each.mkdir()
    (contents / "policy.yaml").write_bytes((ROOT / "docs" / "policy.yaml").read_bytes())
    for beside in ("sora.objects.npz", "search.db"):
        if (project / "models" / beside).exists():
            (contents / beside).write_bytes((project / "models" / beside).read_bytes())
    tag = build_bento(project / "models" / "sora", folder / "sora.bento", contents)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the server ends with its benchmark
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-P", "-m", "bentoml", "serve", tag, "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"SORA_STATE": str(state), "TMPDIR": str(folder / "tmp")} | settings
    with (folder / "log").open("w") as sink:
        process = subprocess.Popen(command, cwd=empty, env=environment, stdout=sink, stderr=sink)
    server = Server(f"http://127.0.0.1:{port}", psutil.Process(process.pid), state, folder / "log")
    try:
        _wait_until_ready(server, process)
        yield server
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)


def _wait_until_ready(server: Server, process: subprocess.Popen[bytes]) -> None:
    """Wait until each of the workers, which share one socket, has said that it has started."""
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if server.log.read_text().count("Service sora-video initialized") >= 2:
            with contextlib.suppress(httpx.HTTPError):
                httpx.get(f"{server.url}/readyz", timeout=5).raise_for_status()
                return
        time.sleep(0.2)
    sys.exit(f"the server did not start:\n{server.log.read_text()}")


def write_clip(path: Path, seed: int, seconds: float = SECONDS, fps: int = FPS) -> Path:
    """Write a clip of patches that move over a moving ground, H.264."""
    rng = np.random.default_rng(seed)
    ground = np.kron(rng.integers(60, 180, (HEIGHT // 8, WIDTH // 8, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    patch = rng.integers(0, 256, (60, 60, 3), np.uint8)
    steps = rng.integers(1, 6, 4)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(round(seconds * fps)):
            picture = np.roll(ground, (index * steps[0], index * steps[1]), (0, 1))
            top, left = index * steps[2] % (HEIGHT - 60), index * steps[3] % (WIDTH - 60)
            picture[top : top + 60, left : left + 60] = patch
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())
    return path
