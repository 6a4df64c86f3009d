"""A small project of its own for tests that run the pipeline: real clips, real DVC."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from bundles import write_video
from small_data import FEW_VIDEOS

ROOT = Path(__file__).parents[1]
SMALL = {
    "preprocess": {"num_segments": 4, "image_size_px": 64},
    "extract": {"descriptors": {"flow_size_px": 64}},
    "train": {"epochs": 6, "patience": 3},
    **FEW_VIDEOS,
    "compress": {"precisions": ["int8"], "num_calibration_videos": 2, "latency_repeats": 3},
    "ingest": {"source": "videos"},
}


def make_project(folder: Path, num_groups: int = 5) -> Path:
    """Lay out a git and DVC project with two labels: dark and bright noise, ``num_groups`` groups each."""
    shutil.copytree(ROOT / "sora", folder / "sora", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("docs", "models"):
        (folder / name).mkdir()
    for name in ("dvc.yaml", ".dvcignore", "release.yaml", "docs/policy.yaml", "models/none"):
        shutil.copy(ROOT / name, folder / name)
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    write_params(folder, changed(params, SMALL))
    for label, brightness in (("dark", 70), ("bright", 180)):
        for group in range(num_groups):
            add_video(folder, label, group, brightness)
    run(folder, "git", "init", "-q")
    run(folder, sys.executable, "-m", "dvc", "init", "-q")
    return folder


def add_video(folder: Path, label: str, group: int, brightness: int) -> None:
    """Write one clip of ``label``."""
    path = folder / "videos" / label / f"{label}{group}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, num_frames=20, brightness=brightness, seed=group)


def changed(values: dict, changes: dict) -> dict:
    """Change some values, at any depth."""
    both = {key: changed(values[key], c) if isinstance(c, dict) else c for key, c in changes.items()}
    return values | both


def write_params(folder: Path, params: dict) -> None:
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def change_param(folder: Path, section: str, name: str, value: object) -> None:
    params = yaml.safe_load((folder / "params.yaml").read_text())
    params[section][name] = value
    write_params(folder, params)


def environment(folder: Path) -> dict[str, str]:
    bin_folder = str(Path(sys.executable).parent)
    return {
        **os.environ,
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(folder),
        "BENTOML_HOME": str(folder / ".bentoml"),
        "DVC_NO_ANALYTICS": "1",
    }


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False
    )


def repro(folder: Path, *arguments: str) -> str:
    """Run ``dvc repro``; give all that it and the stages printed."""
    finished = run(folder, sys.executable, "-m", "dvc", "repro", *arguments)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout + finished.stderr


def store_bytes(folder: Path, store: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "data" / store).iterdir())}


def stages_run(output: str) -> list[str]:
    lines = [line for line in output.splitlines() if line.startswith("Running stage")]
    return [line.split("'")[1] for line in lines]
