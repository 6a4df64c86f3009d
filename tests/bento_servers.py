"""Bentos for tests: BentoML's server on one, and a Python that has what one requires and nothing else."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

START_SECONDS = 90
_LEFT_BEHIND = ("PYTHONPATH", "VIRTUAL_ENV")


@contextmanager
def serving(cwd: Path, log: Path, python: Path | str = sys.executable, **settings: str) -> Iterator[str]:
    """Serve ``sora-video:latest`` of ``$BENTOML_HOME`` from a folder; yield its address when it is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(python), "-P", "-m", "bentoml", "serve", "sora-video:latest", "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if name not in _LEFT_BEHIND} | settings
    with log.open("w") as sink:
        server = subprocess.Popen(command, cwd=cwd, env=environment, stdout=sink, stderr=sink)
    try:
        _wait_until_ready(server, f"http://localhost:{port}/readyz", log)
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait(timeout=60)


def post(url: str, video: Path | None = None) -> tuple[int, str]:
    """Post as plain curl does, which calls every video application/octet-stream."""
    data, headers = b"{}", {"Content-Type": "application/json"}
    if video is not None:
        part = (
            f'--edge\r\nContent-Disposition: form-data; name="video"; filename="{video.name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        data = part.encode() + video.read_bytes() + b"\r\n--edge--\r\n"
        headers = {"Content-Type": "multipart/form-data; boundary=edge"}
    request = urllib.request.Request(url, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def bare_python(folder: Path, requirements: Path) -> Path:
    """Make an environment in ``folder`` with what a file requires; skip the test where that cannot be had."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}") or "uv"
    python = folder / "bin" / "python"
    install = [uv, "pip", "install", "--python", str(python), "-r", str(requirements)]
    try:
        subprocess.run([uv, "venv", "--python", sys.executable, str(folder)], check=True, capture_output=True)
        offline = subprocess.run([*install, "--offline"], check=False, capture_output=True)
        if offline.returncode:
            subprocess.run(install, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        message = f"needs uv, and the packages in its cache or from an index: {error}"
        if os.environ.get("SORA_REQUIRE_ALL"):
            pytest.fail(message)
        pytest.skip(message)
    return python


def _wait_until_ready(server: subprocess.Popen, url: str, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the server did not start:\n{log.read_text()}")
