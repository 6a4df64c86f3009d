"""Child processes that run functions, each behind a pipe of its own, so that none can block another.

Pools share a queue among their children, with locks: a child that is killed or stopped while it holds one
stops all others for good. Here any child may be killed at any moment.
"""

import atexit
import multiprocessing
import pickle
import queue
import signal
import threading
import traceback
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeAlias

from sora.lifetime import die_with_parent

_LOOK_SECONDS = 0.5  # how often a child that has nothing to do is looked at: does it live?
_START_SECONDS = 120.0  # for the start of an interpreter and its imports on a machine that is busy
_MAX_STARTS = 3  # of a child that dies before it is ready

Call: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...]]
_UNSENT = (AttributeError, TypeError, ValueError, MemoryError, pickle.PicklingError)


class ChildTimeoutError(Exception):
    """A call took longer than it may; its child was killed."""


class ChildDiedError(Exception):
    """A child ended during a call.

    Attributes:
        exit_code: below 0 for a signal; None where it cannot be told.
    """

    def __init__(self, exit_code: int | None) -> None:
        super().__init__(f"the process ended with exit code {exit_code}")
        self.exit_code = exit_code


class Children:
    """So many processes that run calls, in the order of ``submit``. Threads may share them.

    They start with the first call. One that dies is replaced at once, also while it has nothing to do.
    """

    def __init__(self, num_processes: int, seconds: float, initializer: Call) -> None:
        """Start nothing yet.

        Args:
            num_processes: how many.
            seconds: for one call; a child that takes longer is killed.
            initializer: called first in every child.
        """
        self._waiting: queue.SimpleQueue[tuple[Future[Any], Call] | None] = queue.SimpleQueue()
        self._children = [_Child(initializer, seconds) for _ in range(num_processes)]
        self._threads: list[threading.Thread] = []
        self._starting = threading.Lock()
        self._is_closed = False

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have ``function``, which must be importable, called in a child.

        The future gives its result or its error; ``ChildTimeoutError`` or ``ChildDiedError`` where there is
        neither.
        """
        future: Future[Any] = Future()
        with self._starting:
            if self._is_closed:
                raise RuntimeError("the child processes have ended")
            if not self._threads:
                self._start()
            self._waiting.put((future, (function, arguments)))
        return future

    def close(self) -> None:
        """Kill the children, whatever they do; calls that have not begun are cancelled."""
        with self._starting:
            self._is_closed = True
        for child in self._children:
            child.close()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _start(self) -> None:
        self._threads = [
            threading.Thread(target=self._serve, args=[child], daemon=True) for child in self._children
        ]
        for thread in self._threads:
            thread.start()

    def _serve(self, child: "_Child") -> None:
        """Give calls to one child, which is ready before one is taken from the others."""
        while True:
            with suppress(ChildDiedError, OSError):  # whoever calls is told
                child.make_ready()
            try:
                taken = self._waiting.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                continue
            if taken is None:
                return
            future, call = taken
            if self._is_closed:
                future.cancel()
            if future.set_running_or_notify_cancel():
                _answer(future, child, call)


def _answer(future: Future[Any], child: "_Child", call: Call) -> None:
    try:
        future.set_result(child.run(call))
    except BaseException as error:  # whatever it is, nobody may wait for ever
        future.set_exception(error)


class _Child:
    """One process at a time, for one thread; ``close`` is for any."""

    def __init__(self, initializer: Call, seconds: float) -> None:
        self._initializer = initializer
        self._seconds = seconds
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._is_ready = False
        self._is_closed = False
        self._replacing = threading.Lock()

    def make_ready(self) -> tuple[BaseProcess, Connection]:
        """Return a process that waits for a call; a dead one is replaced."""
        exit_code: int | None = None
        for _ in range(_MAX_STARTS):
            process, pipe = self._living()
            try:
                if not self._is_ready:
                    if not pipe.poll(_START_SECONDS):
                        raise EOFError
                    pipe.recv()
                    self._is_ready = True
                return process, pipe
            except (EOFError, OSError):
                exit_code = self._end(process, pipe)
        raise ChildDiedError(exit_code)

    def run(self, call: Call) -> Any:
        """Return or raise what a call comes to."""
        while True:
            process, pipe = self.make_ready()
            deadline = _Deadline(process, self._seconds)
            has_begun = False
            try:
                pipe.send(call)
                has_begun = pipe.recv()
                succeeded, value = pipe.recv()
                break
            except (EOFError, OSError) as error:
                exit_code = self._end(process, pipe)
                if deadline.has_passed():
                    raise ChildTimeoutError from error
                if has_begun:
                    raise ChildDiedError(exit_code) from error
            finally:
                deadline.has_passed()
        if succeeded:
            return value
        raise value

    def close(self) -> None:
        """Kill the process; there will be no other."""
        with self._replacing:
            self._is_closed = True
            if self._process is not None:
                self._process.kill()

    def _living(self) -> tuple[BaseProcess, Connection]:
        if self._process is not None and self._pipe is not None:
            if self._process.is_alive():
                return self._process, self._pipe
            self._end(self._process, self._pipe)
        with self._replacing:
            if self._is_closed:
                raise ChildDiedError(None)
            context = multiprocessing.get_context("spawn")  # no lock or thread of ours is inherited
            pipe, far_end = context.Pipe()
            process = context.Process(target=_work, args=[far_end, self._initializer], daemon=True)
            process.start()
            far_end.close()  # so that its end is seen here
            _started.add(process)
            self._process, self._pipe, self._is_ready = process, pipe, False
        return process, pipe

    def _end(self, process: BaseProcess, pipe: Connection) -> int | None:
        """Make sure that a process has ended; return its exit code."""
        with self._replacing:
            self._process, self._pipe = None, None
        process.kill()
        process.join()
        pipe.close()
        return process.exitcode


class _Deadline:
    """Kills a process when its time is over, unless ``has_passed`` was asked before."""

    def __init__(self, process: BaseProcess, seconds: float) -> None:
        self._process = process
        self._deciding = threading.Lock()
        self._is_over, self._has_passed = False, False
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True
        self._timer.start()

    def has_passed(self) -> bool:
        with self._deciding:
            self._is_over = True
        self._timer.cancel()
        return self._has_passed

    def _pass(self) -> None:
        with self._deciding:
            if not self._is_over:
                self._is_over, self._has_passed = True, True
                self._process.kill()


_started: weakref.WeakSet[BaseProcess] = weakref.WeakSet()


@atexit.register
def _kill_all() -> None:
    """Come before the end of ``multiprocessing``, which asks children to end, and waits for them."""
    for process in list(_started):
        process.kill()


def _work(pipe: Connection, initializer: Call) -> None:
    """Be a child: answer calls until the other end is gone."""
    # It ends with its parent, or killed by it. Terminals and supervisors send both signals to all processes,
    # but a server that is asked to stop finishes first what it has accepted.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    die_with_parent()
    function, arguments = initializer
    function(*arguments)
    pipe.send("ready")
    while True:
        try:
            call = pipe.recv_bytes()
        except (EOFError, ConnectionError):
            return
        answer = None  # until now it was held, for what the parent takes of it from shared memory
        pipe.send(True)  # the call has begun; a child that dies before can be replaced unseen
        answer = _outcome(call)
        _send(pipe, answer)


def _outcome(call: bytes) -> tuple[bool, Any]:
    """Return whether a call succeeded, and its result or its error."""
    try:
        function, arguments = pickle.loads(call)
        return True, function(*arguments)
    except BaseException as error:
        error.add_note(traceback.format_exc())
        return False, error.with_traceback(None)


def _send(pipe: Connection, outcome: tuple[bool, Any]) -> None:
    try:
        pipe.send(outcome)
    except _UNSENT as error:  # nothing was written: pickling comes first
        kind = MemoryError if isinstance(error, MemoryError) else TypeError
        pipe.send((False, kind(f"the result cannot be sent ({error})")))
