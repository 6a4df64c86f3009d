"""Removing videos as planned; a kill at any moment leaves a state from which it can be done again."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sora.apps.index.store import open_index
from sora.errors import SoraError
from sora.incoming.taking import only_one
from sora.incoming.tracking import track
from sora.provenance.forgotten import Forgotten, add_forgotten
from sora.removal.labels import remove_lines
from sora.removal.plan import CACHES, INDEX, Plan
from sora.sources.table import LABELS


@dataclass(frozen=True)
class Request:
    """Who wants videos removed, and why."""

    by: str
    why: str


def carry_out(plan: Plan, project: Path, request: Request) -> None:
    """Remove what is planned.

    First it is written down that the videos must not come back. Then labels.csv changes, so that no row is
    ever left without its file. The files of the source go last, for by them the rest is found again.

    Raises:
        SoraError: videos are being taken in, then nothing is done; or DVC cannot take the changed folder in,
            then the videos are gone all the same.
        OSError: of the disk.
    """
    with only_one(plan.incoming):
        at = datetime.now(UTC).isoformat(timespec="seconds")
        add_forgotten(project, [Forgotten(one, at, request.by, request.why) for one in plan.file_hashes])
        _delete(plan, project)
        _track(plan.source.resolve(), project)


def _delete(plan: Plan, project: Path) -> None:
    if plan.lines:
        remove_lines(plan.source / LABELS, plan.lines)
    if plan.indexed:
        open_index(project / INDEX).remove(plan.indexed)
    for cache in CACHES:
        _remove(project / cache)
    for file in (*plan.cached, *plan.feedback, *plan.reviewed, *plan.waiting, *plan.files):
        file.unlink(missing_ok=True)
        _remove_empty_folders(file.parent.resolve(), plan.source.resolve())


def _remove_empty_folders(folder: Path, source: Path) -> None:
    """Remove a label that has no video left, for ingest would refuse it."""
    while source in folder.parents and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _track(source: Path, project: Path) -> None:
    """Let DVC know the folder as it is now, if it tracks it."""
    if not source.with_name(f"{source.name}.dvc").is_file():
        return
    try:
        track(source, project)
    except SoraError as error:
        raise SoraError(f"the videos are gone, but {error}") from error
