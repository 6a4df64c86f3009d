"""Bentos for tests: BentoML's server on one."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

START_SECONDS = 90
_LEFT_BEHIND = ("PYTHONPATH", "VIRTUAL_ENV")


@dataclass(frozen=True)
class Served:
    """A server that is ready.

    Attributes:
        url: of its root.
        process: of the supervisor; the workers are its children.
        log: what it says.
    """

    url: str
    process: subprocess.Popen
    log: Path

    def client(self, **headers: str) -> httpx.Client:
        """Give a client that takes its time."""
        return httpx.Client(base_url=self.url, timeout=120, headers=headers)


@contextmanager
def serving(cwd: Path, log: Path, python: Path | str = sys.executable, **settings: str) -> Iterator[Served]:
    """Serve ``sora-video:latest`` of ``$BENTOML_HOME`` from a folder, with environment variables."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(python), "-P", "-m", "bentoml", "serve", "sora-video:latest", "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if name not in _LEFT_BEHIND} | settings
    with log.open("w") as sink:
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=sink, stderr=sink)
    served = Served(f"http://127.0.0.1:{port}", process, log)
    try:
        _wait_until_ready(served)
        yield served
    finally:
        process.terminate()
        process.wait(timeout=90)


def _wait_until_ready(served: Served) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and served.process.poll() is None:
        try:
            httpx.get(f"{served.url}/readyz", timeout=5).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise AssertionError(f"the server did not start:\n{served.log.read_text()}")
