"""A program for tests: it forks children that promote or roll back, and breaks each off somewhere else.

``python registry_faults.py FOLDER STEP``: killed before every STEPth thing that is written, with a disk that
is full from there on, and killed at random times. After each try one whole model must serve, and after the
next run nothing may be left half-done. It prints of each fault and action how many tries there were, and
after how many of them the new model served.
"""

import errno
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

from registry_projects import RULES, git, make_project, write_candidate

from sora import layout
from sora.errors import SoraError
from sora.journal import read_records
from sora.registry.events import history
from sora.registry.pointer import Pointer
from sora.registry.promotion import Wish, promote
from sora.registry.reader import read_serving
from sora.registry.rollback import roll_back
from sora.registry.writing import repair

NUM_RANDOM = 10  # of each action
WRITES = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "subprocess.Popen")
NEED_ROOM = ("open", "os.mkdir", "subprocess.Popen")  # git would fail in its own words
DONE, BEHIND, REFUSED, FAULT = range(4)

Action = Callable[[Path], tuple[str, ...]]  # gives what is behind


def promote_it(project: Path) -> tuple[str, ...]:
    return promote(project, RULES, Wish("ann")).behind


def go_back(project: Path) -> tuple[str, ...]:
    return roll_back(project, by="ann").behind


# What is tried, and what the next run does.
ACTIONS: dict[str, tuple[Action, Action]] = {
    "promote": (promote_it, promote_it),
    "roll_back": (go_back, repair),
}


def before_each_write(call: Callable[[int, str], None]) -> None:
    """Call ``call`` with a running number and the event before whatever this process is about to write."""
    number = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal number
        if event in WRITES or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)):
            number += 1
            call(number, event)

    sys.addaudithook(hook)


def killed_at(number: int) -> None:
    def die(reached: int, event: str) -> None:
        if reached == number:
            os.kill(os.getpid(), signal.SIGKILL)

    before_each_write(die)


def full_from(number: int) -> None:
    def refuse(reached: int, event: str) -> None:
        if reached >= number and event in NEED_ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before_each_write(refuse)


def fork(action: Action, project: Path, prepare: Callable[[], None] = lambda: None) -> int:
    """Act in a child; give its process id."""
    child = os.fork()
    if child:
        return child
    code = FAULT
    try:
        prepare()
        code = BEHIND if action(project) else DONE
    except (OSError, SoraError):
        code = REFUSED
    finally:
        os._exit(code)


def end_of(child: int) -> int:
    """Wait; give the exit code, or minus the signal."""
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (DONE, BEHIND, REFUSED, -signal.SIGKILL), code
    return code


def tries(mode: str, action: Action, project: Path, step: int) -> Iterator[int]:
    """Act in ``project``, which is there anew each time, until nothing is broken off; yield how it ended."""
    if mode == "random":
        start = time.monotonic()
        yield end_of(fork(action, project))
        seconds = time.monotonic() - start
        for _ in range(NUM_RANDOM):
            child = fork(action, project)
            time.sleep(random.uniform(0, seconds))
            os.kill(child, signal.SIGKILL)
            yield end_of(child)
        return
    fault = {"kill": killed_at, "full": full_from}[mode]
    for number in count(1, step):
        code = end_of(fork(action, project, lambda number=number: fault(number)))
        yield code
        if code == DONE:
            return


def git_state(project: Path) -> tuple[bytes, str]:
    """Return the index, and what differs between it, HEAD and the work tree."""
    index = (project / ".git/index").read_bytes()
    return index, git(project, "--no-optional-locks", "status", "--porcelain", "--branch")


def check_derived(project: Path, pointer: Pointer) -> None:
    """Hold the journal, git and BentoML's store to the pointer; nothing half-done is left."""
    registry = project / layout.REGISTRY
    assert [event.serves for event in history(registry)].count(True) == 1
    serials = [record["serial"] for record in read_records(registry / "journal.jsonl")]
    assert serials == list(range(1, pointer.serial + 1)), serials
    refs = git(project, "rev-parse", f"refs/tags/{pointer.tag}", "refs/sora/serving").split()
    assert refs == [pointer.commit, pointer.commit], refs
    latest = Path(os.environ["BENTOML_HOME"]) / "bentos/sora-video/latest"
    assert latest.read_text() == pointer.bundle_version
    left = {
        path.name for path in project.rglob("*") if path.name.startswith(".tmp-") or path.suffix == ".lock"
    }
    assert left - {".lock"} == {"dvc.lock"}, left


def prepared(folder: Path, action: str) -> Path:
    """Make a project whose second version is about to serve, or does; with staged and unstaged changes."""
    project = make_project(folder / "template")
    promote_it(project)
    write_candidate(project, "second", wrong={1})
    if action == "roll_back":
        promote_it(project)
    git(project, "add", "params.yaml")
    return project


def try_out(mode: str, name: str, folder: Path, step: int) -> None:
    template, project = prepared(folder, name), folder / "project"
    action, next_run = ACTIONS[name]
    serial = read_serving(template / layout.REGISTRY).pointer.serial
    moved = []
    shutil.copytree(template, project)
    state = git_state(project)
    for code in tries(mode, action, project, step):
        served = read_serving(project / layout.REGISTRY).pointer
        moved.append(served.serial == serial + 1)
        assert served.serial in (serial, serial + 1)
        assert moved[-1] or code not in (DONE, BEHIND)
        assert not moved[-1] or code != REFUSED
        assert next_run(project) == ()
        after = read_serving(project / layout.REGISTRY).pointer
        assert after == served or name == "promote"
        assert after.serial == serial + 1 or name == "roll_back"
        check_derived(project, after)
        assert git_state(project) == state
        shutil.rmtree(project)
        shutil.copytree(template, project)
    print(mode, name, len(moved), sum(moved), flush=True)


def main(folder: Path, step: int) -> None:
    os.environ["BENTOML_HOME"] = str(folder / "bentos")
    for mode in ("kill", "full", "random"):
        for name in ACTIONS:
            try_out(mode, name, folder / f"{mode}-{name}", step)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
