"""What `kill -9` at random moments of ingest leaves behind, and whether the next run puts it right.

    python benchmarks/killed_ingest.py [--kills 20] [--json FILE]

A project in git with some 30 rendered clips. ``dvc repro ingest`` is killed at a random moment: in turn DVC
alone, and DVC with all that it started. At once ``sora repair`` and ``dvc repro ingest`` run: both must
succeed, and leave the bytes that a run leaves which nobody killed. Last, the disk is full (root only: a small
tmpfs): ingest must say so, and go on where it stopped when there is room. Ends with 1 where one of these
does not hold.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from projects import ROOT, make_project

RESULTS = ("data/manifest.csv", "data/splits.csv", "data/attributes.csv", "data/facts", "data/thumbnails")
FULL_MIB, ROOM_MIB = 9, 200


def main() -> int:
    """Run everything and print; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = prepared(Path(folder, "project"))
        start = time.monotonic()
        repro(project)
        seconds = time.monotonic() - start
        expected = results(project)
        found = killed(project, expected, seconds, options.kills)
        found |= full_disk(project, expected, Path(folder, "small")) if os.geteuid() == 0 else {}
    for name, value in found.items():
        print(f"{name:<60} {value}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    return int(any(value for name, value in found.items() if name.startswith("not ")))


def prepared(folder: Path) -> Path:
    """Make a project in git with the clips, in which nothing has run."""
    project = make_project(folder, {"ingest.source": "videos"})
    for name in ("dvc.yaml", ".dvcignore", "sora", "data/dvc.yaml", "data/params.yaml"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).symlink_to(ROOT / name)
    (project / "dvc.yaml").unlink()
    shutil.copy(ROOT / "dvc.yaml", project / "dvc.yaml")
    words = ("videos", "--actors", "4", "--clips-per-action", "1")
    run(project, sys.executable, "-m", "sora.demo", *words, check=True)
    run(project, "git", "init", "-q", check=True)
    run(project, "dvc", "init", "-q", check=True)
    return project


def killed(project: Path, expected: dict[str, bytes], seconds: float, num_kills: int) -> dict[str, int]:
    """Kill runs at random moments; count what became of the next ones."""
    counted = Counter[str]()
    for number in range(num_kills):
        clear(project)
        process = subprocess.Popen(
            ["dvc", "repro", "ingest"],
            cwd=project,
            env=environment(project),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(random.uniform(0, seconds))
        (os.killpg if number % 2 else os.kill)(process.pid, signal.SIGKILL)
        counted["kills after the end"] += process.wait() == 0
        left = {path.name for path in (project / ".dvc/tmp").rglob("*") if "lock" in path.name}
        counted["not repaired: sora repair fails"] += bool(run(project, "sora", "repair").returncode)
        again = run(project, "dvc", "repro", "ingest")
        if again.returncode:
            print(again.stdout[-500:], again.stderr[-1000:], sorted(left), sep="\n")
        counted["not repaired: the next run fails"] += bool(again.returncode)
        counted["not the same results"] += results(project) != expected
    return {"kills": num_kills, **counted}


def full_disk(project: Path, expected: dict[str, bytes], mount: Path) -> dict[str, int]:
    """Run ingest where the disk is full, and again where there is room."""
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={FULL_MIB}m", "tmpfs", str(mount)], check=True)
    try:
        clear(project)
        small = mount / "project"
        shutil.copytree(project, small, symlinks=True, ignore=shutil.ignore_patterns("cache", "videos"))
        (small / "videos").symlink_to(project / "videos")
        filler = mount / "filler"
        free = shutil.disk_usage(mount).free
        filler.write_bytes(b"\0" * max(0, free - 100_000))
        first = run(small, "dvc", "repro", "ingest")
        told = "No space left" in first.stdout + first.stderr
        subprocess.run(["mount", "-o", f"remount,size={ROOM_MIB}m", str(mount)], check=True)
        filler.unlink()
        repaired = run(small, "sora", "repair")
        second = run(small, "dvc", "repro", "ingest")
        return {
            "full disk: ingest ends with": first.returncode,
            "not told that the disk is full": int(not told),
            "not repaired after a full disk": int(bool(repaired.returncode or second.returncode)),
            "not the same results after a full disk": int(results(small) != expected),
        }
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def clear(project: Path) -> None:
    """Remove all that runs have left."""
    for path in (project / "dvc.lock", project / "reports", project / ".dvc/cache", project / ".dvc/tmp"):
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    for path in (project / "data").iterdir():
        if path.name not in ("dvc.yaml", "params.yaml"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def results(project: Path) -> dict[str, bytes]:
    """Return what ingest wrote, by path."""
    found: dict[str, bytes] = {}
    for name in RESULTS:
        path = project / name
        files = sorted(path.rglob("*")) if path.is_dir() else [path] if path.is_file() else []
        found |= {str(file.relative_to(project)): file.read_bytes() for file in files}
    return found


def repro(project: Path) -> None:
    """Run ingest as a user does; end where it fails."""
    done = run(project, "dvc", "repro", "ingest")
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


def run(project: Path, *command: str, check: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a command in the project."""
    return subprocess.run(
        command, cwd=project, env=environment(project), capture_output=True, text=True, check=check
    )


def environment(project: Path) -> dict[str, str]:
    """Return an environment in which this interpreter and this code are found."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "DVC_NO_ANALYTICS": "1"}


if __name__ == "__main__":
    sys.exit(main())
