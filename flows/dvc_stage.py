"""One DVC stage as a child process: it streams its lines, says how it went, and dies with its parent."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from sora.errors import SoraError

SECONDS_TO_STOP = 10  # what a stage gets between the request to stop and the kill


class StageError(SoraError):
    """A stage that failed, in the stage's own words."""


class TemporaryStageError(StageError):
    """A failure that a retry can mend: the stage exited with 75, or another process holds DVC's lock."""


class StageOutcome(NamedTuple):
    """How a stage that did not fail went.

    Attributes:
        skipped: True where DVC found nothing to run.
        message: DVC's own words, one line.
    """

    skipped: bool
    message: str


def repro_lines(stage: str, with_upstream: bool, exit_code: list[int]) -> Iterator[str]:
    """Run `dvc repro` on one stage of the project in the current folder and yield its output, line by line.

    Args:
        stage: the stage's name in dvc.yaml.
        with_upstream: whether the stages that it depends on run too (without: `-s`).
        exit_code: receives DVC's exit code once the lines have ended.
    """
    arguments = ["repro", stage] if with_upstream else ["repro", "-s", stage]
    with dvc_process(arguments) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield line.rstrip()
        exit_code.append(process.wait())


@contextmanager
def dvc_process(arguments: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Start DVC under this interpreter; what ends the block, or this process, ends DVC and its stage too."""
    process = subprocess.Popen(
        [sys.executable, "-P", __file__, *arguments],
        env=stage_environment(),
        stdin=subprocess.PIPE,  # never written to: its end tells the child that this process is gone
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            stop_tree(psutil.Process(process.pid))
        process.communicate()


def stage_environment() -> dict[str, str]:
    """This process's environment, in which `python` is this interpreter and prints at once."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1", "DVC_NO_ANALYTICS": "1"}


def stop_tree(root: psutil.Process, with_root: bool = True) -> None:
    """Stop a process and all that it started: DVC alone would leave its stage running."""
    processes = root.children(recursive=True) + ([root] if with_root else [])
    for process in processes:
        _ignore_gone(process.terminate)
    _, alive = psutil.wait_procs(processes, timeout=SECONDS_TO_STOP)
    for process in alive:
        _ignore_gone(process.kill)


def outcome_of(stage: str, lines: list[str], exit_code: int) -> StageOutcome:
    """Read how `dvc repro` on one stage went from its output and its exit code.

    Raises:
        TemporaryStageError: a retry can help.
        StageError: it cannot.
    """
    if exit_code:
        raise (TemporaryStageError if is_temporary(lines) else StageError)(
            error_message(stage, lines, exit_code)
        )
    ran = [line for line in lines if re.match(r"Running (callback )?stage '", line)]
    skips = [
        line for line in lines if re.search(r"'.+' (didn't change, skipping|is cached - skipping run)", line)
    ]
    if ran or not skips:
        return StageOutcome(False, f"Ran {stage}")
    return StageOutcome(True, skips[-1])


def is_temporary(lines: list[str]) -> bool:
    """Whether DVC reports exit code 75 (EX_TEMPFAIL) of a stage, or a lock that another process holds."""
    told = re.compile(r"exited with 75$|Unable to acquire lock|is busy, it is being blocked by")
    return any(told.search(line) for line in lines if line.startswith("ERROR: "))


def error_message(stage: str, lines: list[str], exit_code: int) -> str:
    """Say why a stage failed: its own `error: ...` line, else DVC's, else the end of the output."""
    for start in ("error: ", "ERROR: "):
        told = [line for line in lines if line.startswith(start)]
        if told:
            return f"{stage}: {told[-1]}"
    end = " ".join(line.strip() for line in lines[-5:] if line.strip())
    return f"{stage}: dvc repro exited with {exit_code}: {end or 'no output'}"


def main() -> int:
    """Run DVC in this process with the given arguments, until it ends or the parent does."""
    lifeline = os.dup(sys.stdin.fileno())
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
    threading.Thread(target=_stop_with_parent, args=(lifeline,), daemon=True).start()

    from dvc.cli import main as dvc

    return dvc(sys.argv[1:])


def _stop_with_parent(lifeline: int) -> None:
    os.read(lifeline, 1)  # returns when the parent's end of the pipe is closed, by whatever death
    stop_tree(psutil.Process(), with_root=False)
    os._exit(1)


def _ignore_gone(call: Callable[[], None]) -> None:
    with suppress(psutil.NoSuchProcess):
        call()


if __name__ == "__main__":
    sys.exit(main())
