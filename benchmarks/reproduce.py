"""Whether every promoted version can be made again, byte for byte, in a fresh clone at its tag.

    python benchmarks/reproduce.py [--versions 3] [--json FILE] [--folder DIR]

A clone of this checkout gets a few rendered videos under ``dvc add``, and three models are trained (another
seed, then another head), promoted and pushed to a DVC remote. Then, for each, in a fresh clone at its tag,
with reports/metrics.json and the networks deleted: ``dvc pull``, ``dvc repro --force train evaluate``. The
networks must have the digest that ``registry/lineage`` has, and the metrics must be those of the tag. Ends
with 1 where they are not.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from projects import ROOT, write_params
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(ROOT))

from sora import layout
from sora.lineage import path_hash
from sora.provenance.here import MODEL
from sora.provenance.record import Record, read_record, recorded

IDENTITY = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
SMALL: dict[str, Any] = {
    "ingest.source": "data/mine",
    "preprocess.num_segments": 4,
    "preprocess.image_size_px": 64,
    "extract.descriptors.flow_size_px": 64,
    "stress.num_videos": 0,
    "explain.num_videos": 0,
    "compress.precisions": [],
    "compress.latency_repeats": 3,
    "train.epochs": 5,
}
VERSIONS: tuple[dict[str, Any], ...] = (
    {},
    {"seed": 1, "train.linear.classifiers": ["logistic"]},
    {"train.head": "gru"},
)


def main() -> int:
    """Run everything and print; return 1 where a version could not be made again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--versions", type=int, choices=(1, 2, 3), default=len(VERSIONS))
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--folder", type=Path, help="where to work, and leave everything")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        project = make_project(folder)
        for changes in VERSIONS[: options.versions]:
            promote(project, changes)
        registry = project / layout.REGISTRY
        rows = [made_again(folder, project, read_record(registry, one)) for one in recorded(registry)]
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console().print(table)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")
    return int(not all(row["networks"] == row["metrics"] == "same" for row in rows))


def make_project(folder: Path) -> Path:
    """Clone this checkout, with videos and a DVC remote."""
    project = folder / "project"
    run(folder, "git", "clone", "-q", str(ROOT), str(project))
    run(project, "python", "-m", "sora.demo", "data/mine", "--actors", "4", "--clips-per-action", "1")
    run(project, "dvc", "remote", "add", "-d", "store", str(folder / "store"))
    run(project, "dvc", "add", "data/mine")
    return project


def promote(project: Path, changes: dict[str, Any]) -> None:
    """Train, promote and push another version; the user commits what is theirs."""
    write_params(project, {**SMALL, **changes})
    run(project, "dvc", "repro")
    run(project, "git", "add", "-A")
    run(project, "git", *IDENTITY, "commit", "-q", "-m", "another model")
    run(project, "sora", "promote", "--force", "for the benchmark")
    run(project, "dvc", "push", "-q")


def made_again(folder: Path, project: Path, record: Record) -> dict[str, Any]:
    """Make a version again in a fresh clone; say what is the same."""
    clone = folder / record.tag
    run(folder, "git", "clone", "-q", "--branch", record.tag, str(project), str(clone))
    (clone / layout.METRICS).unlink()
    run(clone, "dvc", "pull", "-q", "--allow-missing")
    shutil.rmtree(clone / layout.TRAINED)
    start = time.monotonic()
    run(clone, "dvc", "repro", "--force", "train", "evaluate")
    seconds = time.monotonic() - start
    metrics = run(clone, "git", "show", f"HEAD:{layout.METRICS.as_posix()}")
    return {
        "version": record.version,
        "networks": same(path_hash(clone / layout.TRAINED), record.digest(MODEL)),
        "metrics": same((clone / layout.METRICS).read_text(), metrics),
        "files that differ": run(clone, "git", "status", "--porcelain", "-uno").strip(),
        "seconds": round(seconds, 1),
    }


def same(found: str, wanted: str) -> str:
    """Say whether two texts are the same."""
    return "same" if found == wanted else "DIFFER"


def run(folder: Path, *command: str) -> str:
    """Run a command in a folder, with its code; return what it printed, or end where it failed."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(folder),
        "BENTOML_HOME": str(folder / ".bentoml"),
        "DVC_NO_ANALYTICS": "1",
    }
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed in {folder}:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
