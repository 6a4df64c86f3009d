"""The winner of a search as a DVC experiment, made in a clone, so that the user's files stay as they are."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from sora import layout
from sora.errors import SoraError
from sora.tuning.space import Point

_STAGES = ("train", "evaluate")
# What may lie beside the commit and yet be part of the run, where git does not know it yet.
_PARTS = ("sora", ".dvc", "*.yaml", "dvc.lock", "*.dvc")
_DATA = (layout.FEATURE_INDEX, layout.FEATURE_COLUMNS, layout.SPLITS, layout.VALIDATED)


def options(point: Point, values: Mapping[str, Any]) -> list[str]:
    """Return a point as ``name=value`` for ``dvc exp run --set-param``.

    Args:
        values: those of params.yaml. What its recipe changes is set in the recipe, for there it counts.
    """
    recipe = values["recipe"]
    changes = values["recipes"][recipe]
    names = {name: f"recipes.{recipe}.{name}" if _is_in(changes, name) else name for name in point}
    return [f"{names[name]}={_hydra(value)}" for name, value in point.items()]


def command(name: str, settings: list[str]) -> str:
    """Return the command that makes the experiment in the user's own folder."""
    return shlex.join(
        ["dvc", "exp", "run", "-n", name, *(word for each in settings for word in ("-S", each))]
    )


def save_experiment(name: str, settings: list[str]) -> None:
    """Run train and evaluate with ``settings`` and keep the result as experiment ``name`` of this commit.

    Work tree, index and stash are not touched: all runs in a clone with the changes that are not
    committed yet, and one ref comes back. An experiment of that name is replaced.

    Raises:
        SoraError: this is no DVC project in git with a commit, or the run fails.
    """
    top, head = _repository()
    place = Path.cwd().relative_to(top)
    with tempfile.TemporaryDirectory(prefix="sora-tune-") as folder:
        clone = Path(folder) / "clone"
        _git(top, "clone", "--quiet", "--shared", "--no-checkout", str(top), str(clone))
        _git(clone, "checkout", "--quiet", "--detach", head)
        _bring_changes(top, clone)
        _share_cache(clone / place)
        _run(clone / place, name, settings)
        ref = _git(clone, "for-each-ref", "--format=%(refname)", f"refs/exps/**/{name}")
        _git(top, "fetch", "--quiet", "--no-write-fetch-head", str(clone), f"+{ref}:{ref}")


def _repository() -> tuple[Path, str]:
    """Return the top of the git repository and its commit."""
    try:
        top = Path(_git(Path.cwd(), "rev-parse", "--show-toplevel"))
        head = _git(top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except SoraError as error:
        raise SoraError("an experiment stands on a git commit, and there is none here; git commit") from error
    return top, head


def _bring_changes(top: Path, clone: Path) -> None:
    """Copy what is changed or new in the work tree, as far as it is part of the project."""
    changed = _git(top, "diff", "HEAD", "--name-only", "--no-renames", "-z").split("\0")
    here = Path.cwd()
    new = _git(here, "ls-files", "--others", "--exclude-standard", "-z", "--", *_PARTS).split("\0")
    for path in {*(top / name for name in changed if name), *(here / name for name in new if name)}:
        target = clone / path.relative_to(top)
        if path.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
        else:
            target.unlink(missing_ok=True)


def _share_cache(folder: Path) -> None:
    """Let the clone link to the data of the project, and make sure that it is what the search has seen."""
    cache = _dvc(Path.cwd(), "cache", "dir")
    _dvc(folder, "config", "--local", "cache.dir", cache)
    _dvc(folder, "config", "--local", "cache.type", "reflink,hardlink,symlink,copy")
    _dvc(folder, "checkout", "--quiet", *map(str, (layout.FEATURES, layout.INPUT_SPEC, *_DATA)))
    for path in _DATA:
        if (folder / path).read_bytes() != path.read_bytes():
            raise SoraError(f"{path} is not what dvc.lock says; run dvc repro extract, then sora tune again")


def _run(folder: Path, name: str, settings: list[str]) -> None:
    words = [word for each in settings for word in ("--set-param", each)]
    _dvc(folder, "exp", "run", "--force", "--single-item", "--name", name, *words, *_STAGES)


def _is_in(values: Any, name: str) -> bool:
    for key in name.split("."):
        if not isinstance(values, dict) or key not in values:
            return False
        values = values[key]
    return True


def _hydra(value: Any) -> str:
    """Write a value in the grammar of --set-param, which is nearly that of YAML."""
    if isinstance(value, list):
        return f"[{','.join(map(_hydra, value))}]"
    return yaml.safe_dump(value, default_flow_style=True).removesuffix("\n").removesuffix("\n...")


def _dvc(folder: Path, *arguments: str) -> str:
    return _output(f"dvc {arguments[0]}", [sys.executable, "-m", "dvc", *arguments], folder)


def _git(folder: Path, *arguments: str) -> str:
    return _output(f"git {arguments[0]}", ["git", *arguments], folder)


def _output(title: str, words: list[str], folder: Path) -> str:
    # Stages are run as "python", which must be this one even where no environment is activated.
    bin_folder = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": f"{bin_folder}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise SoraError(f"{title}: {words[0]} is not installed") from error
    if done.returncode:
        raise SoraError(f"{title} failed: {_reason(done.stderr)}")
    return done.stdout.strip("\n")


def _reason(said: str) -> str:
    """Return what a stage and DVC themselves call an error, or else the last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["it does not say why"]
    errors = [line for line in lines if line.lower().startswith("error: ")]
    return "; ".join(line.partition(": ")[2] for line in errors) or lines[-1]
