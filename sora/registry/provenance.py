"""What is kept of the lineage of each version, written before it can serve."""

from dataclasses import replace
from pathlib import Path

from sora import layout
from sora.provenance import here
from sora.provenance.record import LINEAGE, Record, fill_folder, read_record, read_videos, recorded
from sora.provenance.videos import with_ancestor
from sora.registry import durable
from sora.registry.entries import BENTO, BUNDLE, MODELS


def keep_lineage(project: Path, registry: Path, *, version: str, tag: str, commit: str) -> Record:
    """Keep where the model in a project's folder came from and what it saw, durably, as of ``version``.

    What an ancestor learned is in the table too, so that one table tells all.

    Raises:
        SoraError: a stage has not run, or what it left is damaged.
    """
    found, videos = here.read_here(project, commit)
    parent = find_parent(registry, found)
    if parent:
        videos = with_ancestor(videos, read_videos(registry, parent), parent)
    record = _as_version(found, version, tag, parent)
    with durable.new_folder(registry / LINEAGE / version) as folder:
        fill_folder(folder, record, videos)
    return record


def find_parent(registry: Path, record: Record) -> str:
    """Return the version whose networks a model was trained on from; empty: none, or it is not known."""
    if not record.parent_digest:
        return ""
    records = [read_record(registry, version) for version in recorded(registry)]
    same = [one.version for one in records if one.digest(here.MODEL) == record.parent_digest]
    return same[0] if same else ""  # all of them have the same networks, and have seen the same


def _as_version(record: Record, version: str, tag: str, parent: str) -> Record:
    """Return the record with the files that the registry keeps."""
    folder = layout.REGISTRY / MODELS / version
    files = {here.COMPRESSED: folder / BUNDLE, here.BENTO: folder / BENTO}
    links = tuple(
        replace(link, path=files[link.name].as_posix()) if link.name in files else link
        for link in record.links
    )
    return replace(record, version=version, tag=tag, parent=parent, links=links)
