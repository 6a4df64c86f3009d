"""Projects for benchmarks: a folder with the landed parameters, some changed, in which stages run."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[1]


class Cost(NamedTuple):
    """Of a process and its children: processor seconds, and seconds on the clock."""

    cpu_seconds: float
    wall_seconds: float


def make_project(folder: Path, changes: dict[str, Any]) -> Path:
    """Make a folder with the landed parameters; ``changes`` go by dotted names, such as ``ingest.source``."""
    folder.mkdir(parents=True, exist_ok=True)
    write_params(folder, changes)
    for name in ("release.yaml", "docs/policy.yaml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def write_params(folder: Path, changes: dict[str, Any]) -> None:
    """Write the landed parameters with some changed, by dotted names."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    for name, value in changes.items():
        *parents, last = name.split(".")
        section = params
        for parent in parents:
            section = section[parent]
        section[last] = value
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def run_stage(project: Path, stage: str) -> Cost:
    """Run one stage as DVC does."""
    return run_python(project, ["-m", "sora.stages", stage])


def run_python(project: Path, arguments: list[str]) -> Cost:
    """Run Python in a project; what it tells is shown only where it fails."""
    before, start = os.times(), time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *arguments]
    run = subprocess.run(
        command, cwd=project, env=environment, stderr=subprocess.PIPE, text=True, check=False
    )
    if run.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{run.stderr}")
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(used, time.monotonic() - start)
