"""The lineage of versions: kept before they can serve, and asked before they serve again."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from sora import layout
from sora.errors import SoraError
from sora.provenance import LINEAGE, here
from sora.provenance.forgotten import read_forgotten
from sora.provenance.record import Record, fill_folder, read_record, read_videos, recorded
from sora.provenance.videos import LEARNED, of_files, with_ancestor
from sora.registry import durable
from sora.registry.entries import BENTO, BUNDLE, MODELS


def lineage_here(project: Path, registry: Path) -> tuple[Record, pd.DataFrame]:
    """Return where the model in a project's folder came from and what it saw.

    What an ancestor learned is in the table too, so that one table tells all.

    Raises:
        SoraError: a stage has not run, or what it left is damaged.
    """
    record, videos = here.read_here(project)
    parent = _parent(registry, record)
    if parent:
        videos = with_ancestor(videos, read_videos(registry, parent), parent)
    return replace(record, parent=parent), videos


def keep_lineage(
    registry: Path, record: Record, videos: pd.DataFrame, *, version: str, tag: str, commit: str
) -> None:
    """Keep a model's lineage durably as that of ``version``, whose code is in a commit of git."""
    folder = layout.REGISTRY / MODELS / version
    paths = {here.COMPRESSED: (folder / BUNDLE).as_posix(), here.BENTO: (folder / BENTO).as_posix()}
    digests = {here.CODE: commit}
    links = tuple(
        replace(one, path=paths.get(one.name, one.path), digest=digests.get(one.name, one.digest))
        for one in record.links
    )
    with durable.new_folder(registry / LINEAGE / version) as built:
        fill_folder(built, replace(record, version=version, tag=tag, links=links), videos)


def refuse_forgotten(project: Path, videos: pd.DataFrame, what: str, advice: str) -> None:
    """Raise a SoraError where a model has learned a video that was removed since; see ``sora forget``."""
    learned = num_forgotten(project, videos)
    if learned:
        raise SoraError(
            f"{what} has learned {learned} removed video{'s' if learned > 1 else ''} (sora forget); "
            f"{advice}, or overrule it with --force REASON"
        )


def num_forgotten(project: Path, videos: pd.DataFrame) -> int:
    """Return how many videos were learned that were removed since."""
    forgotten = frozenset(read_forgotten(project))
    return len(of_files(videos[videos["role"].isin(LEARNED)], forgotten)) if forgotten else 0


def tainted(project: Path, registry: Path) -> dict[str, int]:
    """Return how many removed videos each version has learned that has learned any."""
    if not read_forgotten(project):
        return {}
    found = {one: num_forgotten(project, read_videos(registry, one)) for one in recorded(registry)}
    return {version: number for version, number in found.items() if number}


def _parent(registry: Path, record: Record) -> str:
    """Return the version whose networks a model was trained on from; empty: none, or it is not known."""
    if not record.parent_digest:
        return ""
    records = [read_record(registry, version) for version in recorded(registry)]
    same = [one.version for one in records if one.digest(here.MODEL) == record.parent_digest]
    return same[0] if same else ""  # all of them have the same networks, and have seen the same
