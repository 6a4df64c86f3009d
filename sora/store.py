"""Results per video, one file each, under a key of all that decides them."""

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from sora.errors import SoraError

_LOCK_SECONDS = 600


def result_key(content_hash: str, parameters: dict[str, Any], versions: dict[str, int]) -> str:
    """Return the key of a result: the video's content, the stage's parameters, its transforms' versions."""
    described = json.dumps([content_hash, parameters, versions], sort_keys=True)
    return hashlib.sha256(described.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class VideoStore:
    """A folder with one file per video.

    Entries are put by ``sora.atomic``, so that one that is there is whole.
    """

    folder: Path
    suffix: str

    def path(self, key: str) -> Path:
        """Return where the entry of ``key`` is or will be."""
        return self.folder / f"{key}{self.suffix}"

    def missing(self, keys: Iterable[str]) -> list[str]:
        """Return the keys without an entry, in order, each once."""
        return [key for key in dict.fromkeys(keys) if not self.path(key).exists()]

    def prune(self, keys: Iterable[str]) -> None:
        """Remove every file that is not the entry of one of ``keys``, leftovers of killed runs included."""
        kept = {self.path(key).name for key in keys}
        for path in self.folder.iterdir():
            if path.name not in kept:
                path.unlink()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the store's lock, which lies beside the folder; another writer waits for it.

        Raises:
            SoraError: the other writer does not finish.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder.with_name(f".{self.folder.name}.lock"))
        try:
            with lock.acquire(timeout=_LOCK_SECONDS):
                yield
        except Timeout as error:
            raise SoraError(f"another run has been writing {self.folder} for {_LOCK_SECONDS} s") from error
