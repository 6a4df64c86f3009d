"""What a candidate was made from, as a commit and a tag; never through the user's index or work tree.

A ref is created under a lock file of its own, which a ``kill -9`` of git leaves behind. No other program
writes the refs that are written here, so such a file is stale once no git process works in the repository.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import yaml

from sora.errors import SoraError

SERVING_REF = "refs/sora/serving"
_ALWAYS = ("params.yaml", "dvc.yaml", "dvc.lock", "release.yaml")
_BESIDE = ("dvc.yaml", "dvc.lock", "params.yaml")
_DURABLE = ("-c", "core.fsync=committed,loose-object,reference")
_NOBODY = ("-c", "user.name=sora", "-c", "user.email=sora@localhost")  # where git was told no name
_WAIT_SECONDS, _STEP_SECONDS = 10.0, 0.1


class Repository:
    """The git repository of a project, for one writer at a time."""

    def __init__(self, project: Path, lock: int) -> None:
        """Take the descriptor of the registry's lock, which git is to hold for as long as it runs.

        Raises:
            SoraError: the project is in no git repository, or there is no git.
        """
        self._project = project
        self._lock = lock
        words = ("rev-parse", "--path-format=absolute", "--show-toplevel", "--git-common-dir")
        self._top, self._git = (Path(line) for line in self._run(*words).splitlines())

    def commit_files(self, files: Sequence[str], message: str, scratch: Path) -> str:
        """Return a commit: HEAD, with ``files`` of the project as they are now; HEAD itself if it has them.

        ``scratch`` is a folder for an index that is thrown away.
        """
        head = self.resolve("HEAD")
        with tempfile.TemporaryDirectory(dir=scratch, prefix=".tmp-") as folder:
            index = Path(folder).resolve() / "index"
            if head:
                self._run("read-tree", head, index=index)
            listed = ("--pathspec-from-file=-", "--pathspec-file-nul")
            self._run("--literal-pathspecs", "add", *listed, given="\0".join(files), index=index)
            tree = self._run("write-tree", index=index)
        if head and tree == self._run("rev-parse", f"{head}^{{tree}}"):
            return head
        parents = ("-p", head) if head else ()
        is_known = self._run("var", "GIT_COMMITTER_IDENT", may_fail=True)
        return self._run(*(() if is_known else _NOBODY), "commit-tree", tree, *parents, "-m", message)

    def resolve(self, name: str) -> str:
        """Return the commit that a name stands for, and that is there; empty if there is none."""
        return self._run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", may_fail=True)

    def point(self, ref: str, commit: str, *, may_move: bool) -> None:
        """Make ``ref`` point to ``commit``.

        Raises:
            SoraError: it points to another one and may not move, or git is at work on it.
        """
        current = self.resolve(ref)
        if current == commit:
            return
        if current and not may_move:
            raise SoraError(
                f"{ref} of git points to another commit already; rename it (git tag NEW OLD, git tag -d OLD)"
            )
        self._clear_lock(ref)
        self._run("update-ref", ref, commit, current or "0" * len(commit))

    def not_ignored(self, files: Sequence[str]) -> list[str]:
        """Return those that .gitignore does not name."""
        given = "\0".join(files)
        ignored = self._run("check-ignore", "--stdin", "-z", given=given, may_fail=True).split("\0")
        return [file for file in files if file not in ignored]

    def _clear_lock(self, ref: str) -> None:
        lock = self._git / f"{ref}.lock"
        end = time.monotonic() + _WAIT_SECONDS
        while lock.exists() and self._is_at_work():
            if time.monotonic() > end:
                raise SoraError(f"{lock}: git is at work in this repository; try again when it is done")
            time.sleep(_STEP_SECONDS)
        lock.unlink(missing_ok=True)

    def _is_at_work(self) -> bool:
        for process in psutil.process_iter(["name", "cwd"]):
            name, folder = process.info["name"] or "", process.info["cwd"]
            named_git = name == "git" or name.startswith("git-")
            if named_git and folder and any(map(Path(folder).is_relative_to, (self._top, self._git))):
                return True
        return False

    def _run(self, *words: str, given: str = "", index: Path | None = None, may_fail: bool = False) -> str:
        environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
        if index:
            environment["GIT_INDEX_FILE"] = str(index)
        try:
            done = subprocess.run(
                ["git", *_DURABLE, *words],
                cwd=self._project,
                env=environment,
                input=given,
                pass_fds=(self._lock,),
                capture_output=True,
                text=True,
                check=False,
            )
        except FileNotFoundError as error:
            raise SoraError(
                "git is not installed; a promotion records what the model was made from"
            ) from error
        if done.returncode and not may_fail:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise SoraError(f"git {words[0]} failed in {self._project.resolve()}: {last}")
        return done.stdout.strip()


def recorded_files(project: Path) -> list[str]:
    """Return the files that say what a model was made from, relative to the project.

    They are the parameters, DVC's files, and every dependency and output of dvc.lock that is a file. Folders
    are DVC's own matter: of them, and of all else that DVC tracks, the file that says so.

    Raises:
        SoraError: there is no dvc.lock, or it is damaged.
    """
    lock = project / "dvc.lock"
    try:
        stages = yaml.safe_load(lock.read_text(encoding="utf-8"))["stages"].values()
        named = {part["path"] for s in stages for part in [*s.get("deps", []), *s.get("outs", [])]}
    except FileNotFoundError as error:
        raise SoraError(f"{lock} is missing: run dvc repro") from error
    except (AttributeError, KeyError, TypeError, yaml.YAMLError) as error:
        raise SoraError(f"{lock} is damaged ({error}); run dvc repro") from error
    wanted = {*_ALWAYS, *named, *(beside for path in named for beside in _beside(path))}
    return sorted(path for path in wanted if _is_own_file(project, path))


def _beside(path: str) -> list[str]:
    """Return where DVC may say what ``path`` is."""
    return [f"{path}.dvc", *((Path(path).parent / name).as_posix() for name in _BESIDE)]


def _is_own_file(project: Path, path: str) -> bool:
    inside = not Path(path).is_absolute() and ".." not in Path(path).parts
    return inside and (project / path).is_file()
