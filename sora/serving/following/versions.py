"""The versions of a registry as a server needs them: out of their Bentos, once for all workers."""

import shutil
import tarfile
from pathlib import Path, PurePosixPath

from sora.bundle import read_bundle
from sora.errors import SoraError
from sora.registry.durable import new_folder
from sora.registry.entries import file_sha256, remove_all_but, versions
from sora.registry.pointer import Pointer
from sora.serving.assets import Assets
from sora.serving.locking import locked

_INSIDE = PurePosixPath("src/models")  # of a Bento: what Assets names
_SOURCE = "bento.sha256"
_SERVED = ".served"  # its time: when a worker last took this version


class Versions:
    """Folders ``<state>/versions/<version>``; any number of workers may use them."""

    def __init__(self, registry: Path, state: Path) -> None:
        """Read and write nothing yet."""
        self.registry = registry
        self._state = state
        self._folder = state / "versions"

    def unpacked(self, pointer: Pointer) -> Assets:
        """Return the files of the version that serves; one worker unpacks them, and others wait for it.

        Raises:
            SoraError: its Bento is missing, damaged, or carries another model.
            OSError: of the disk.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        found = Assets(self._folder / pointer.version, pointer.version)
        with locked(self._folder / ".lock"):
            for half_done in self._folder.glob(".tmp-*"):  # by a worker that was killed
                shutil.rmtree(half_done)
            if not _is_whole(found, pointer):
                with new_folder(found.folder) as built:
                    _unpack(self.registry / pointer.bento, pointer, Assets(built))
        return found

    def served(self) -> list[Assets]:
        """Return what is here and has served before, the last first."""
        marks = [(mark.stat().st_mtime_ns, mark.parent) for mark in self._folder.glob(f"[!.]*/{_SERVED}")]
        return [Assets(folder, folder.name) for _, folder in sorted(marks, reverse=True)]

    def note_served(self, version: str) -> None:
        """Take note of what serves now."""
        (self._folder / version / _SERVED).touch()

    def remove_old(self, in_use: str) -> None:
        """Remove what the registry keeps no more, with the indexes of these versions: no way leads back.

        Nothing is removed where the registry shows no version at all: then it is out of reach.
        """
        with locked(self._folder / ".lock"):
            in_registry = versions(self.registry)  # now: another worker may have unpacked a new one
            if not in_registry:
                return
            kept = {*in_registry, in_use}
            gone = {path.name for path in self._folder.glob("[!.]*")} - kept
            remove_all_but(self._folder, kept)
        for path in [path for name in gone for path in self._state.glob(f"search-{name}.db*")]:
            path.unlink(missing_ok=True)


def _is_whole(found: Assets, pointer: Pointer) -> bool:
    try:
        is_of_it = (found.folder / _SOURCE).read_text() == pointer.bento_sha256
        return is_of_it and read_bundle(found.bundle).version == pointer.bundle_version
    except (FileNotFoundError, SoraError):
        return False


def _unpack(bento: Path, pointer: Pointer, target: Assets) -> None:
    if not bento.is_file():
        raise SoraError(f"{bento}: is missing; restore it from a copy, or let another version serve")
    if file_sha256(bento) != pointer.bento_sha256:
        raise SoraError(f"{bento}: is not what was promoted; restore it, or let another version serve")
    try:
        _extract(bento, target.folder)
    except (tarfile.TarError, EOFError) as error:
        raise SoraError(f"{bento}: cannot be unpacked ({error}); let another version serve") from error
    if read_bundle(target.bundle).version != pointer.bundle_version:
        raise SoraError(f"{bento}: carries another model than {pointer.bundle_version}; promote it again")
    (target.folder / _SOURCE).write_text(pointer.bento_sha256)


def _extract(bento: Path, folder: Path) -> None:
    """Write the plain files of models into ``folder``, and nothing out of it, whatever they are called."""
    with tarfile.open(bento) as archive:
        for member in archive:
            path = PurePosixPath(member.name)
            if member.isfile() and path.is_relative_to(_INSIDE):
                inside = member.replace(name=str(path.relative_to(_INSIDE)))
                archive.extract(inside, folder, filter="data")
