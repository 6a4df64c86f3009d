"""Work per video on a Dask cluster: each thread of a worker drives one child process, as each core does here.

Only calls and small results cross the network, pickled, so that workers import nothing but this: what videos
become are files in the project's folder, which every worker must see under the same path.
"""

import errno
import hashlib
import logging
import multiprocessing
import pickle
import platform
import tempfile
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import ExitStack, contextmanager
from importlib import metadata
from itertools import count
from pathlib import Path
from typing import Any, Self

import dask
from distributed import Client, KilledWorker, LocalCluster, Worker, WorkerPlugin, get_worker

import sora
from sora.attempt import LostWorkerError, call_in
from sora.errors import SoraError, VideoError
from sora.guard import Budget, Guard

_CONNECT_SECONDS = 10.0
_WORKER_SECONDS = 60.0
_PACKAGES = ("av", "distributed", "numpy", "onnxruntime", "opencv-python")  # that decide results, or the talk


class Cluster:
    """The child processes of all workers of a cluster, with the interface of ``sora.guard.Guard``."""

    def __init__(self, address: str, budget: Budget, num_here: int) -> None:
        """Connect to the scheduler at ``address``; every worker gets its child processes.

        Args:
            address: such as ``tcp://host:8786``; empty: what Dask itself is set to, for instance by
                ``DASK_SCHEDULER_ADDRESS``, else ``num_here`` workers of this machine, for as long as needed.
            budget: of one call.
            num_here: see there.

        Raises:
            SoraError: no scheduler or no worker answers, or workers cannot run this project.
        """
        self._name, self._numbers = f"sora-{uuid.uuid4().hex}", count()
        with ExitStack() as ends:
            client = self._client = ends.enter_context(_connected(address, num_here))
            mark = ends.enter_context(_mark(Path.cwd()))
            _register(client, _Crew(self._name, budget, Path.cwd(), mark, _versions()))
            ends.callback(_dismiss, client, self._name)
            self._executor = client.get_executor(pure=False)
            ends.callback(self._executor.shutdown, wait=False)
            self._ends = ends.pop_all()

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have ``function``, which must be importable, called in a child of some worker; see ``result``.

        What a lost worker had to do is done by another.
        """
        call = pickle.dumps((function, arguments), protocol=5)
        return self._executor.submit(_task, self._name, call, key=f"{self._name}-{next(self._numbers)}")

    def result(self, future: Future[Any]) -> Any:
        """Wait for what ``submit`` began.

        Raises:
            LostWorkerError: so many workers were lost while they had this call to do that Dask gave it up.
            VideoError: the function raised it, or the child crashed or went beyond its budget.
            ConnectionError: the cluster itself was lost, or all its workers.
            Exception: every other error of the function.
        """
        try:
            answer = self._awaited(future)
        except KilledWorker as error:
            raise LostWorkerError(
                f"ended {error.allowed_failures + 1} workers, one after the other"
            ) from error
        except CancelledError as error:
            raise ConnectionResetError(errno.ECONNRESET, "the Dask cluster was lost") from error
        if isinstance(answer, VideoError):
            raise answer
        return pickle.loads(answer)

    def _awaited(self, future: Future[Any]) -> Any:
        while True:
            try:
                return future.result(_WORKER_SECONDS)
            except TimeoutError:
                if future.done():  # meanwhile; or it is the function's own error
                    return future.result()
            if not self._client.scheduler_info()["workers"]:
                raise ConnectionResetError(errno.ECONNRESET, "the Dask cluster has no workers any more")

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return ``function(*arguments)``, called in a child of some worker; raises as ``result`` does."""
        return self.result(self.submit(function, *arguments))

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Cancel what is left to do, and end the children of all workers."""
        self._ends.close()


class _Crew(WorkerPlugin):
    """The child processes of one worker: they end with the client, with the worker, or with this."""

    def __init__(self, name: str, budget: Budget, folder: Path, mark: Path, versions: dict[str, str]) -> None:
        self.name = name
        self._budget = budget
        self._folder = folder
        self._mark = mark
        self._versions = versions
        self._fault = ""

    def setup(self, worker: Worker) -> None:
        # A worker under a nanny is a daemon, which may have no children; ours see to their end themselves.
        multiprocessing.current_process().daemon = False
        self._fault = self._difference(worker.address)
        self._num_children = worker.state.nthreads
        self._guard = Guard(self._budget, self._num_children)

    def teardown(self, worker: Worker) -> None:
        self._guard.close()

    def transition(self, key: Any, start: str, finish: str, **more: Any) -> None:
        """End what is being done when nobody waits for it any more, as when the client was killed."""
        if start == "executing" and finish == "released" and str(key).startswith(self.name):
            self._guard.close()
            self._guard = Guard(self._budget, self._num_children)

    def call(self, call: bytes) -> bytes | VideoError:
        if self._fault:
            raise SoraError(self._fault)
        try:
            return self._guard.call(call_in, str(self._folder), call)
        except VideoError as error:
            return error  # raised, it would be a failure of the task, which Dask tells at length

    def _difference(self, address: str) -> str:
        """Return why this worker cannot do what the client's own machine would, or ``""``."""
        if not self._mark.exists():
            return f"the Dask worker {address} does not see {self._folder}; mount it there, at this path"
        there = _versions()
        for name, version in self._versions.items():
            if there[name] != version:
                return (
                    f"the Dask worker {address} has {name} {there[name]}, and here it is {version}; "
                    "give it the same environment, and start it anew"
                )
        return ""


def _task(name: str, call: bytes) -> bytes | VideoError:
    crew = get_worker().plugins[name]
    assert isinstance(crew, _Crew)
    return crew.call(call)


@contextmanager
def _mark(project: Path) -> Iterator[Path]:
    """Yield a new file of the project, by which workers tell that they see the same folder."""
    folder = project / ".sora"
    folder.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix="cluster-") as file:
        yield Path(file.name)


@contextmanager
def _connected(address: str, num_here: int) -> Iterator[Client]:
    address = address or dask.config.get("scheduler-address", "")
    if not address:
        with _workers_here(num_here) as workers, Client(workers) as client:
            yield client
        return
    try:
        client = Client(address, timeout=_CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise SoraError(
            f"execution.address: no Dask scheduler answers at {address} ({error}); start one with "
            "`dask scheduler`, or set execution.engine to local"
        ) from error
    with client:
        _wait_for_a_worker(client, address)
        yield client


@contextmanager
def _workers_here(number: int) -> Iterator[LocalCluster]:
    # One that takes longer to start anew on a busy machine would be given up for good.
    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "1 hour"}),
        LocalCluster(
            number,
            threads_per_worker=1,
            memory_limit=0,
            dashboard_address=":0",  # any free port: without one, 8787 is tried
            silence_logs=logging.CRITICAL,
        ) as workers,
    ):
        yield workers


def _wait_for_a_worker(client: Client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=_WORKER_SECONDS)
    except TimeoutError as error:
        raise SoraError(
            f"the Dask scheduler at {address} has had no worker for {_WORKER_SECONDS:g} s; "
            f"start some with `dask worker {address}`"
        ) from error


def _register(client: Client, crew: _Crew) -> None:
    try:
        client.register_plugin(crew)
    except (ImportError, AttributeError) as error:
        raise SoraError(f"a Dask worker cannot run this project ({error}); install it there") from error


def _dismiss(client: Client, name: str) -> None:
    if client.status == "running":  # else the scheduler is gone, and the workers have ended their children
        client.unregister_worker_plugin(name)


def _versions() -> dict[str, str]:
    """Return what must be the same on all machines: of Python, of packages, and of this code."""
    code = hashlib.sha256()
    for file in sorted(Path(sora.__file__).parent.rglob("*.py")):
        code.update(file.read_bytes())
    found = {"Python": platform.python_version(), **{name: metadata.version(name) for name in _PACKAGES}}
    return found | {"the code of sora": code.hexdigest()[:12]}
