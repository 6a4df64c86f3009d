"""Roll-back: an earlier version serves again."""

from dataclasses import dataclass, replace
from pathlib import Path

from sora import layout
from sora.errors import SoraError
from sora.provenance.record import read_videos, recorded
from sora.registry.entries import MODELS, check_files, pointer_to, read_entry, versions
from sora.registry.events import predecessor
from sora.registry.pointer import Pointer, read_pointer
from sora.registry.provenance import refuse_forgotten
from sora.registry.writing import move_pointer, writing


@dataclass(frozen=True)
class RollBack:
    """The model that serves now, and what could not be brought to the new state yet, a sentence each."""

    pointer: Pointer
    behind: tuple[str, ...]


def roll_back(project: Path, version: str = "", *, by: str, why: str = "", force: bool = False) -> RollBack:
    """Let an earlier version serve again, without a gate; by default the one before.

    The next roll-back goes on from there, to what served before that one.

    Args:
        project: its folder.
        version: its name or the beginning of it.
        by: who asks.
        why: the reason.
        force: whether a version may serve that has learned a video which was removed since.

    Raises:
        SoraError: there is no such version, it is damaged, serves already, or has learned what was removed.
        OSError: of the disk; the model that served serves on.
    """
    _required(read_pointer(project / layout.REGISTRY))  # before a folder is made where there is none
    with writing(project) as held:
        serving = _required(held.pointer)
        entry = read_entry(held.registry, _target(held.registry, serving, version))
        check_files(held.registry / MODELS / entry.version, entry)
        if not force and entry.version in recorded(held.registry):
            videos = read_videos(held.registry, entry.version)
            refuse_forgotten(project, videos, entry.version, "choose another version")
        pointer = replace(
            pointer_to(entry, serving, by=by, why=why, checks=()),
            event="rolled back",
            previous=predecessor(held.registry, entry.version),
        )
        return RollBack(pointer, move_pointer(held, pointer))


def _required(serving: Pointer | None) -> Pointer:
    if serving is None:
        raise SoraError(f"{layout.REGISTRY}: nothing was promoted yet, so there is nothing to roll back")
    return serving


def _target(registry: Path, serving: Pointer, asked: str) -> str:
    if not asked and not serving.previous:
        raise SoraError(
            f"{serving.version} serves, and nothing did before it; any other that sora history shows: "
            "sora rollback VERSION"
        )
    wanted, kept = asked or serving.previous, versions(registry)
    found = [wanted] if wanted in kept else [name for name in kept if name.startswith(wanted)]
    if len(found) != 1:
        what = "several versions begin so" if found else "no such version is kept"
        raise SoraError(f"{wanted}: {what}; there are: {', '.join(found or kept)}")
    if found[0] == serving.version:
        raise SoraError(f"{found[0]} serves already")
    return found[0]
