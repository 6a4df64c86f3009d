"""The thread of a worker that has the model of a registry answer, soon after the pointer has moved."""

import logging
import multiprocessing
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
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
        self.next_try = monotonic() + self.wait_seconds
        self.wait_seconds = min(2 * self.wait_seconds, _LONGEST_WAIT_SECONDS)


class Follower:
    """Loads what serves beside the model that answers, which then makes room for it.

    Where the new one cannot be had, the old one answers on; why is logged once, and it is tried again.

    Attributes:
        current: the model that answers.
    """

    def __init__(self, versions: Versions, load: Load) -> None:
        """Load the model of the registry; where that cannot be, what served last.

        The Bento's own is loaded where nothing was promoted or nothing else can be had.
        """
        self._versions = versions
        self._load = load
        self._watcher = Watcher(versions.registry)
        self._wanted: _Wanted | None = None
        self._version = ""  # that answers; empty for the Bento's own
        self._told: tuple[int | None, type[Exception]] | None = None  # trouble that the log knows of
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="follower", daemon=True)
        self.current = Current(self._first())
        self._settle()

    def start(self) -> None:
        """Begin to look every second."""
        self._thread.start()

    def look(self) -> None:
        """Let the model of the registry answer, where it is another, and end what nobody uses any more."""
        try:
            if model := self._found():
                self.current.replace(model)
                self._settle()
            self.current.close_unused()
            multiprocessing.active_children()  # buries those that have ended since
        except Exception as error:  # whatever it is, the old one answers on
            self._tell(error)

    def stop(self) -> None:
        """End; a model that is being loaded is waited for."""
        self._stopping.set()
        self._thread.join()

    def _work(self) -> None:
        give_way()
        while not self._stopping.wait(_LOOK_SECONDS):
            self.look()

    def _first(self) -> Model:
        try:
            is_lost = not self._versions.registry.is_dir()
            found = self._found()
        except Exception as error:  # whatever it is, something answers
            self._tell(error)
            found, is_lost = None, True
        return found or (self._served_last() if is_lost else None) or self._load(Assets())

    def _found(self) -> Model | None:
        """Return the model of the registry where it is not the one that answers, loaded."""
        if found := self._watcher.poll():
            self._wanted = _Wanted(found.pointer)
        if self._wanted is None or self._wanted.pointer.version == self._version:
            self._wanted = self._told = None
            return None
        if monotonic() < self._wanted.next_try:
            return None
        self._wanted.postpone()
        model = self._load(self._versions.unpacked(self._wanted.pointer))
        self._version = self._wanted.pointer.version
        self._wanted = self._told = None
        return model

    def _served_last(self) -> Model | None:
        for assets in self._versions.served():
            try:
                model = self._load(assets)
                self._version = assets.version
                return model
            except (SoraError, OSError) as error:
                self._tell(error)
        return None

    def _settle(self) -> None:
        """Say what answers from now on, and remove what nobody needs any more."""
        registry = self._versions.registry
        if not self._version:
            _log.info("%s: the Bento's own model answers until one is promoted", registry)
            return
        _log.info("%s: version %s answers from now on", registry, self._version)
        try:
            self._versions.note_served(self._version)
            self._versions.remove_old(self._version)
        except OSError as error:
            _log.warning("%s: what is old cannot be removed now (%s)", registry, error)

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
