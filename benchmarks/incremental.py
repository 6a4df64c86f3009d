"""What one more video costs: ingest, validate, preprocess and extract, with 300 videos stored.

    python benchmarks/incremental.py SOURCE [--json FILE]

SOURCE is a folder of videos with a labels.csv; it is copied. Its last video is held back, all stages run, the
video is added, and they run again; a third run has nothing to do. Costs are processor seconds, so that it
does not matter how many videos are worked on at a time. Start-up is the run with nothing to do, and one child
process a stage, which is started for nothing and measured by itself. What remains is told in videos of the
first run. Last, everything is made from nothing elsewhere and compared byte for byte. Ends with 1 where a
limit does not hold.
"""

import argparse
import csv
import hashlib
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from projects import make_project, run_python, run_stage
from rich.console import Console
from rich.table import Table

STAGES = ("ingest", "validate", "preprocess", "extract")
# What a child process does before its first video.
CHILD_STARTS = {
    "ingest": "import sora.sources.reading",
    "validate": "",
    "preprocess": "import sora.clip",
    "extract": "import sora.views, sora.layout as at; sora.views.kept_backbone(at.BACKBONE)",
}
RESULTS = (
    "data/manifest.csv",
    "data/splits.csv",
    "data/validated.csv",
    "data/facts",
    "data/clips",
    "data/features",
)
MAX_VIDEOS = 2


def main() -> int:
    """Run everything and print; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="folder of videos with a labels.csv")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "videos")
        shutil.copytree(options.source, source)
        rows, header = read_labels(source)
        project = make_project(Path(folder, "project"), {"ingest.source": str(source)})
        write_labels(source, header, rows[:-1])
        first = run_stages(project)
        write_labels(source, header, rows)
        added, nothing, children = run_stages(project), run_stages(project), start_children(project)
        clean = make_project(Path(folder, "clean"), {"ingest.source": str(source)})
        run_stages(clean)
        same = digests(project) == digests(clean)
    figures = costs(first, added, nothing, children, len(rows) - 1)
    total = sum(row["videos"] for row in figures)
    show(figures, total, same)
    if options.json:
        options.json.write_text(json.dumps({"stages": figures, "videos": total, "same": same}, indent=2))
    return int(total > MAX_VIDEOS or not same)


def read_labels(source: Path) -> tuple[list[dict[str, str]], list[str]]:
    """Return rows and columns of the labels."""
    with (source / "labels.csv").open(newline="") as file:
        reader = csv.DictReader(file)
        return list(reader), list(reader.fieldnames or [])


def write_labels(source: Path, header: list[str], rows: list[dict[str, str]]) -> None:
    """Write the labels."""
    with (source / "labels.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, header)
        writer.writeheader()
        writer.writerows(rows)


def run_stages(project: Path) -> dict[str, float]:
    """Run the stages one after the other; return the processor seconds of each."""
    return {stage: run_stage(project, stage).cpu_seconds for stage in STAGES}


def start_children(project: Path) -> dict[str, float]:
    """Return the processor seconds of starting one child process of each stage, by what it adds to none."""
    program = "from sora.guard import Guard; guard = Guard(); {}; guard.close()"
    none = run_python(project, ["-c", program.format("pass")]).cpu_seconds
    return {
        stage: run_python(project, ["-c", program.format(f"guard.call(exec, {start!r})")]).cpu_seconds - none
        if start
        else 0.0
        for stage, start in CHILD_STARTS.items()
    }


def digests(project: Path) -> dict[str, str]:
    """Return the SHA-256 of every result."""
    files = [path for name in RESULTS for path in sorted((project / name).rglob("*")) or [project / name]]
    return {
        path.relative_to(project).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.is_file()
    }


def costs(
    first: dict[str, float],
    added: dict[str, float],
    nothing: dict[str, float],
    children: dict[str, float],
    num_videos: int,
) -> list[dict[str, Any]]:
    """Return one row a stage, in processor seconds; the last column is in videos of all stages."""
    one_video = sum(first[stage] - nothing[stage] for stage in STAGES) / num_videos
    return [
        {
            "stage": stage,
            "first": round(first[stage], 2),
            "nothing": round(nothing[stage], 2),
            "child": round(children[stage], 2),
            "added": round(added[stage], 2),
            "videos": round((added[stage] - nothing[stage] - children[stage]) / one_video, 2),
        }
        for stage in STAGES
    ]


def show(figures: list[dict[str, Any]], total: float, same: bool) -> None:
    """Print the figures."""
    table = Table(*figures[0], title="one more video, processor seconds")
    for row in figures:
        table.add_row(*map(str, row.values()))
    Console(width=110).print(table)
    print(f"{total:.2f} videos of work beyond start-up, at most {MAX_VIDEOS} wanted")
    print(f"the results {'equal' if same else 'DIFFER from'} those of a clean run")


if __name__ == "__main__":
    sys.exit(main())
