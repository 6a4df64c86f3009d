"""A Prefect server, a work pool and a worker of this folder: ``python -m flows.local up`` and ``down``.

What was started is found by a variable in its environment and not by files with numbers of processes: these
are wrong after a kill or a restart of the machine.
"""

import argparse
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil
from filelock import FileLock

from flows.dead_runs import HEARTBEAT_SECONDS, crash_dead_runs
from flows.dvc_stage import stage_environment
from sora.errors import SoraError

HOME = Path(".sora/prefect")  # the database, the logs and the leases
POOL = "sora"
DEFAULT_PORT = 4200
PREFECT_FILE = Path("prefect.yaml")
_BELONGS = "SORA_PREFECT"  # role and folder, in the environment of what was started and of all its children
_SERVER, _WORKER = "server", "worker"
_COMMANDS = {_SERVER: ["server", "start"], _WORKER: ["worker", "start"]}
_START_SECONDS, _STOP_SECONDS = 180.0, 30.0
_LOOK_SECONDS = 0.2


def up(port: int | None) -> str:
    """Start what does not run yet, bring the deployments to what prefect.yaml says; return the UI's address.

    Args:
        port: of the server; None: that of the server which runs, or else 4200.

    Raises:
        SoraError: the port is taken, prefect.yaml is missing or wrong, or something does not start.
    """
    if not PREFECT_FILE.is_file():
        raise SoraError(f"{PREFECT_FILE} is not here; run from the folder of the project")
    with _only_one():
        port = _server_port(port)
        url = f"http://127.0.0.1:{port}"
        server = _running(_SERVER) or _start(_SERVER, port, ["--host", "127.0.0.1", "--port", str(port)])
        _wait(lambda: _is_healthy(url), server, _SERVER)
        worker = _running(_WORKER) or _start(_WORKER, port, ["--pool", POOL, "--type", "process"])
        _wait(lambda: _has_ready_pool(url), worker, _WORKER)
        _deploy(port)
        crash_dead_runs(f"{url}/api")
        return url


def down() -> bool:
    """Stop the worker with its runs, then the server; False: nothing ran."""
    with _only_one():
        stopped = [_stop(role) for role in (_WORKER, _SERVER)]  # runs still tell the server that they end
    return any(stopped)


def environment(port: int) -> dict[str, str]:
    """Return how Prefect is set up for this folder."""
    home = HOME.resolve()
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect.db'}",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS),
    }


def _server_port(wanted: int | None) -> int:
    server = _running(_SERVER)
    if server is None:
        port = wanted or DEFAULT_PORT
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise SoraError(
                    f"port {port} is taken, perhaps by a Prefect server of another folder; choose another "
                    "with --port"
                ) from error
        return port
    runs_at = int(server.environ()["PREFECT_API_URL"].split(":")[2].split("/")[0])
    if wanted not in (None, runs_at):
        raise SoraError(
            f"the server of this folder runs at port {runs_at}; to change it, run sora down first"
        )
    return runs_at


def _mark(role: str) -> str:
    return f"{role} {HOME.resolve()}"


def _processes(role: str) -> Iterator[psutil.Process]:
    """Yield the processes of a role, with all that they started, whoever is their parent by now."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(_BELONGS) == _mark(role):
                yield process


def _running(role: str) -> psutil.Process | None:
    words = " ".join(_COMMANDS[role])
    for process in _processes(role):
        with suppress(psutil.Error):
            if words in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE:
                return process
    return None


def _start(role: str, port: int, options: list[str]) -> psutil.Process:
    """Start a process that outlives this one and its terminal."""
    with _log(role).open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "prefect", *_COMMANDS[role], *options],
            env=stage_environment() | environment(port) | {_BELONGS: _mark(role)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return psutil.Process(process.pid)


def _stop(role: str) -> bool:
    """End the processes of a role: Prefect's own are asked to, and end their stages; then whatever is left.

    A stage that were stopped first would look to its run like one that failed.
    """
    found = list(_processes(role))
    asked = [process for process in found if _is_prefect(process)]
    for process in asked:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    psutil.wait_procs(found, timeout=_STOP_SECONDS if asked else 0)
    for process in _processes(role):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(found, timeout=_STOP_SECONDS)
    return bool(found)


def _is_prefect(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return any(word.split(".")[0] == "prefect" for word in process.cmdline()[1:4])
    return False


def _wait(is_ready: Callable[[], bool], process: psutil.Process, role: str) -> None:
    end = time.monotonic() + _START_SECONDS
    while not is_ready():
        has_ended = not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
        if has_ended or time.monotonic() > end:
            lines = [line.strip() for line in _log(role).read_text(errors="replace").splitlines()]
            last = next((line for line in reversed(lines) if line), "it says nothing")
            raise SoraError(f"Prefect's {role} did not start: {last} (see {_log(role)})")
        time.sleep(_LOOK_SECONDS)


def _is_healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/health", timeout=5).is_success
    except httpx.TransportError:
        return False


def _has_ready_pool(url: str) -> bool:
    """Whether a worker polls the pool, which it makes where it is missing."""
    pool = httpx.get(f"{url}/api/work_pools/{POOL}", timeout=30)
    return pool.is_success and pool.json()["status"] == "READY"


def _deploy(port: int) -> None:
    command = [sys.executable, "-m", "flows.deploy"]
    done = subprocess.run(
        command, env=stage_environment() | environment(port), capture_output=True, text=True, check=False
    )
    (HOME / "deploy.log").write_text(done.stdout + done.stderr)
    if done.returncode:
        told = [line.strip(" │") for line in (done.stdout + done.stderr).splitlines() if line.strip(" │")]
        raise SoraError(f"prefect deploy --all failed: {told[-1] if told else 'it does not say why'}")


@contextmanager
def _only_one() -> Iterator[None]:
    HOME.mkdir(parents=True, exist_ok=True)
    with FileLock(HOME / ".lock"):
        yield


def _log(role: str) -> Path:
    return HOME / f"{role}.log"


def main() -> int:
    """Do what the command line says; return 0, or 1 with the reason in one line on stderr."""
    parser = argparse.ArgumentParser("python -m flows.local", description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("up", "down"))
    parser.add_argument("--port", type=int)
    arguments = parser.parse_args()
    try:
        if arguments.what == "down":
            print("stopped" if down() else "nothing was running")
        else:
            print(f"Prefect is ready: {up(arguments.port)}")
    except SoraError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
