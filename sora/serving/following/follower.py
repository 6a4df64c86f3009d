"""The thread of a worker that has the model of a registry answer, soon after the pointer has moved."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from sora.errors import SoraError
from sora.registry.pointer import Pointer
from sora.registry.reader import Watcher
from sora.serving.answering.current import Current
from sora.serving.answering.model import Model
from sora.serving.assets import Assets
from sora.serving.following.versions import Versions
from sora.serving.priority import give_way

Load: TypeAlias = Callable[[Assets], Model]

_LOOK_SECONDS = 1.0
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 5.0, 60.0

_log = logging.getLogger(__name__)


@dataclass
class _Wanted:
    """A version that is to answer, and when to try it (again)."""

    pointer: Pointer
    next_try: float = 0.0
    wait_seconds: float = _FIRST_WAIT_SECONDS

    def postpone(self) -> None:
        self.next_try = time.monotonic() + self.wait_seconds
        self.wait_seconds = min(2 * self.wait_seconds, _LONGEST_WAIT_SECONDS)


class Follower:
    """Loads what serves beside the model that answers, which then makes room for it.

    Where the new one cannot be had, the old one answers on; why is logged once, and it is tried again.

    Attributes:
        current: the model that answers.
    """

    def __init__(self, versions: Versions, load: Load) -> None:
        """Load the model of the registry; where that cannot be, what served last, or the Bento's own."""
        self._versions = versions
        self._load = load
        self._watcher = Watcher(versions.registry)
        self._wanted: _Wanted | None = None
        self._version = ""  # that answers; empty for the Bento's own
        self._told: tuple[int | None, type[Exception]] | None = None  # trouble that the log knows of
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="follower", daemon=True)
        self.current = Current(self._found() or self._served_last() or load(Assets()))

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """End; a model that is being loaded is waited for."""
        self._stopping.set()
        self._thread.join()

    def _work(self) -> None:
        give_way()
        while not self._stopping.wait(_LOOK_SECONDS):
            if model := self._found():
                self.current.replace(model)
                del model  # else it would be held until the next one comes
            self.current.close_unused()

    def _found(self) -> Model | None:
        """Return the model of the registry where it is not the one that answers, loaded."""
        try:
            if found := self._watcher.poll():
                self._wanted = _Wanted(found.pointer)
            if self._wanted is None or self._wanted.pointer.version == self._version:
                self._wanted = self._told = None
                return None
            return self._loaded(self._wanted) if time.monotonic() >= self._wanted.next_try else None
        except Exception as error:  # whatever it is, the old one answers on
            self._tell(error)
            return None

    def _loaded(self, wanted: _Wanted) -> Model:
        wanted.postpone()
        model = self._load(self._versions.unpacked(wanted.pointer))
        self._version, self._wanted, self._told = wanted.pointer.version, None, None
        _log.info("%s: version %s answers from now on", self._versions.registry, self._version)
        self._tidy(wanted.pointer)
        return model

    def _tidy(self, pointer: Pointer) -> None:
        try:
            self._versions.note_served(pointer.version)
            self._versions.remove_old(pointer)
        except OSError as error:
            _log.warning("%s: old versions cannot be removed now (%s)", self._versions.registry, error)

    def _served_last(self) -> Model | None:
        for assets in self._versions.served():
            try:
                model = self._load(assets)
                self._version = assets.version
                return model
            except (SoraError, OSError) as error:
                self._tell(error)
        return None

    def _tell(self, error: Exception) -> None:
        trouble = self._wanted.pointer.serial if self._wanted else None, type(error)
        if trouble != self._told:
            self._told = trouble
            expected = isinstance(error, SoraError | OSError)
            _log.warning(
                "%s: what serves there cannot be taken (%s); %s answers on, and it is tried again",
                self._versions.registry,
                error,
                self._version or "the Bento's own model",
                exc_info=None if expected else error,
            )
