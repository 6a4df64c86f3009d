"""The finished segments of a run that may be interrupted, in a folder beside the output."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from filelock import FileLock, Timeout

from sora.atomic import replacing, sync
from sora.errors import SoraError
from sora.transcode.effect import Arrays


@dataclass(frozen=True)
class Packets:
    """Coded frames of one segment, in decoding order.

    Attributes:
        data: uint8, all packets one after the other.
        sizes: int64 (N,), of each packet in bytes.
        pts: int64 (N,), in units of the source's time base.
        is_key: bool (N,).
        header: uint8, what a decoder must know before the first packet.
    """

    data: np.ndarray
    sizes: np.ndarray
    pts: np.ndarray
    is_key: np.ndarray
    header: np.ndarray

    def payloads(self) -> Iterator[bytes]:
        """Yield the bytes of each packet."""
        ends = np.cumsum(self.sizes)
        for start, end in zip((ends - self.sizes).tolist(), ends.tolist(), strict=True):
            yield self.data[start:end].tobytes()


def run_key(*words: object) -> str:
    """Return a name for a run from all that decides its result."""
    return hashlib.sha256(json.dumps([str(word) for word in words]).encode()).hexdigest()[:32]


class Parts:
    """The parts of one run, which are whole whenever they are there; to be used in a ``with``.

    Attributes:
        root: the folder beside the output.
        whole: the file that the parts are joined to, of the same file system as the output.
        count: how many parts there are.
    """

    def __init__(self, output: Path, key: str) -> None:
        """Name the run ``key`` towards ``output``; runs with other keys have folders of their own."""
        self.root = output.with_name(f".{output.name}.parts")
        self.whole = self.root / f"whole{output.suffix}"
        self._output, self._folder = output, self.root / key
        self._lock = FileLock(self.root / "lock")
        self.count = 0

    def __enter__(self) -> Self:
        """Take up the run; raises SoraError where another process writes the same output."""
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise SoraError(f"{self._output}: another run is writing it") from error
        while self._part(self.count).exists():
            self.count += 1
        return self

    def __exit__(self, *error: object) -> None:
        """Let others write the output."""
        self._lock.release()

    @property
    def num_bytes(self) -> int:
        """How much of the disk an earlier run took for what this one needs too."""
        return sum(path.stat().st_size for path in (self.whole, *self._folder.glob("*")) if path.is_file())

    @property
    def num_frames(self) -> int:
        """How many frames the finished parts hold."""
        return sum(len(pts) for pts in self.times())

    def times(self) -> list[np.ndarray]:
        """Return the times of the frames of each part, in decoding order."""
        return [_load(self._part(number), "pts")["pts"] for number in range(self.count)]

    def packets(self, number: int) -> Packets:
        """Return what a part holds."""
        return Packets(**_load(self._part(number)))

    def add(self, packets: Packets, state: Arrays | None) -> None:
        """Keep the next part, with the effect's state after it; that of the part before is not needed."""
        if state is not None:
            _save(self._state(self.count), state)
        _save(self._part(self.count), vars(packets))
        self._state(self.count - 1).unlink(missing_ok=True)
        self.count += 1

    def state(self) -> Arrays | None:
        """Return the effect's state after the last part."""
        path = self._state(self.count - 1)
        return _load(path) if path.exists() else None

    @property
    def survey(self) -> Arrays | None:
        """What the effect learnt of the whole video, once that has been kept."""
        path = self._folder / "survey.npz"
        return _load(path) if path.exists() else None

    def keep_survey(self, survey: Arrays) -> None:
        """Keep what the effect learnt."""
        _save(self._folder / "survey.npz", survey)

    def remove(self) -> None:
        """Remove everything, other runs towards the same output too."""
        shutil.rmtree(self.root)

    def _part(self, number: int) -> Path:
        return self._folder / f"part-{number:06}.npz"

    def _state(self, number: int) -> Path:
        return self._folder / f"state-{number:06}.npz"


def _save(path: Path, arrays: Arrays) -> None:
    with replacing(path) as temporary:
        np.savez(temporary, allow_pickle=False, **arrays)
        sync(temporary)


def _load(path: Path, *names: str) -> Arrays:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in names or file.files}
