"""What a server uses: the model that serves, whole, whatever is promoted meanwhile."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from sora.bundle import Bundle, read_bundle
from sora.errors import SoraError
from sora.registry.pointer import POINTER, Pointer, read_pointer

_Signature: TypeAlias = tuple[int, int, int, int]


@dataclass(frozen=True)
class ServingModel:
    """The version that serves, and its bundle, every byte of which was checked."""

    pointer: Pointer
    bundle: Bundle


def read_serving(registry: Path) -> ServingModel:
    """Return the model that serves; never one that is half there, nor parts of two.

    The folder of its bundle stays as it is until the version is neither serving, nor the one before, nor
    among the last that are kept: who loads it much later, and fails, asks again.

    Raises:
        SoraError: nothing was promoted yet, or the bundle of the model that serves is damaged.
    """
    pointer = read_pointer(registry)
    while pointer is not None:
        try:
            return ServingModel(pointer, read_bundle(registry / pointer.bundle))
        except (SoraError, OSError):
            now = read_pointer(registry)
            if now == pointer:
                raise
            pointer = now  # it went while it was read: two promotions came in between
    raise SoraError(f"{registry / POINTER} is not here: no model was promoted yet; run sora promote")


class Watcher:
    """Notices that another model serves, at the price of one ``stat``; for one thread."""

    def __init__(self, registry: Path, known: Pointer | None = None) -> None:
        """Watch ``registry``, whose model ``known`` is in use already."""
        self._registry = registry
        self._known = known
        self._signature: _Signature | None = None

    def poll(self) -> ServingModel | None:
        """Return the model that serves where it is not the one that is known; it is known from then on.

        None too where nothing was promoted yet.

        Raises:
            SoraError: the new model is damaged; the next call looks again.
        """
        signature = _signature(self._registry / POINTER)
        if signature is None or signature == self._signature:
            return None
        found = read_serving(self._registry)
        self._signature = signature  # of before: what came while reading is found by the next call
        if found.pointer == self._known:
            return None
        self._known = found.pointer
        return found


def _signature(path: Path) -> _Signature | None:
    """Return what is different for every file that was put there; None where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
