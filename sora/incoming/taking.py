"""What ``sora take-in`` does: each new video becomes part of the source, or is set aside with a reason."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from annotated_types import Ge
from filelock import FileLock, Timeout

from sora import layout
from sora.atomic import sync
from sora.dvc_repair import repair
from sora.errors import SoraError
from sora.incoming.arrivals import Arrival, find_arrivals
from sora.incoming.aside import FOLDER, SetAside, read_set_aside, set_aside
from sora.incoming.checking import VideoRules, faults
from sora.incoming.moving import Identity, copy_durably, identity, remove_if_unchanged
from sora.incoming.settling import still_written
from sora.incoming.sorting import Sorted, sort_out
from sora.incoming.source import SCRATCH, Source, SourceRules, list_new, read_source
from sora.incoming.tracking import require_own_folder, track
from sora.params import STRICT, Runtime
from sora.provenance.forgotten import read_forgotten
from sora.sources.hashes import content_hash

_UNTRACKED = ".untracked"  # there from before the source changes until DVC has its new version
_CHANGED = "changed while it was taken in"


@dataclass(frozen=True)
class Params:
    """The section ``incoming`` of params.yaml.

    Attributes:
        folder: where new videos are put, in a folder for each label.
        feedback: the service's feedback; empty: ``$SORA_STATE/feedback``, where that is set.
        settle_seconds: for which a file must have been left unchanged.
        new_label_videos: a label that is new waits until so many of its videos have come.
    """

    __pydantic_config__: ClassVar = STRICT

    folder: str
    feedback: str
    settle_seconds: Annotated[float, Ge(0)]
    new_label_videos: Annotated[int, Ge(1)]


@dataclass(frozen=True)
class Request:
    """What new videos are, what they must keep to, and where they go."""

    params: Params
    source: SourceRules
    rules: VideoRules
    runtime: Runtime


@dataclass(frozen=True)
class TakenIn:
    """What became of what had come.

    Attributes:
        taken: places in the source.
        set_aside: with the reasons.
        left: file to why it was left where it is, for now.
        is_tracked: whether DVC has the source as it is now; None: nothing changed.
    """

    taken: tuple[str, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    left: tuple[tuple[str, str], ...] = ()
    is_tracked: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "taken": list(self.taken),
            "set_aside": [asdict(each) for each in self.set_aside],
            "left": dict(self.left),
            "is_tracked": self.is_tracked,
        }


def take_in(request: Request) -> TakenIn:
    """Take in what has come; a run that was killed at any moment is completed by the next one.

    A new video is copied into the source, listed, and only then removed from where it came. Feedback stays
    with the service. In the end DVC keeps the source.

    Raises:
        SoraError: the source is a stage's output or cannot be listed, DVC refuses, or another process is at
            it.
    """
    folder = Path(request.params.folder)
    arrivals, left = _settled(request)
    if not arrivals and not (folder / _UNTRACKED).exists():
        return TakenIn(left=_told(left))
    with only_one(folder):
        repair(Path())  # what a DVC that was killed left half-written
        there = [arrival for arrival in arrivals if arrival.file.exists()]  # another run may just have ended
        batch = _Batch(request, folder, there)
        batch.run()
        is_tracked = _tracked(folder, request.source.folder)
    return TakenIn(tuple(batch.taken), tuple(batch.set_aside), _told(left | batch.left), is_tracked)


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Change the source alone: no other process takes videos in from this folder, or removes any.

    Raises:
        SoraError: another is at it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".lock").acquire(timeout=0):
            yield
    except Timeout as error:
        raise SoraError(
            f"another process takes videos of {folder} in, or removes videos; try again later"
        ) from error


class _Batch:
    """One run, under the lock."""

    def __init__(self, request: Request, folder: Path, arrivals: Sequence[Arrival]) -> None:
        self._request = request
        self._folder = folder
        self._seen: dict[Arrival, Identity] = {arrival: identity(arrival.file) for arrival in arrivals}
        self._hashes = {arrival: _digest(arrival) for arrival in arrivals}
        self.taken: list[str] = []
        self.set_aside: list[SetAside] = []
        self.left: dict[Path, str] = {}

    def run(self) -> None:
        source = read_source(self._request.source, layout.FETCHED, layout.HASHES)
        found = self._sorted(source)
        self.left |= {arrival.file: reason for arrival, reason in found.waiting.items()}
        if found.fresh:
            require_own_folder(source.rules.folder, Path())
        reasons = faults([each.file for each in found.fresh], self._request.rules, self._request.runtime)
        fit = [arrival for arrival in found.fresh if arrival.file not in reasons]
        found.refused.update({each: reasons[each.file] for each in found.fresh if each.file in reasons})
        if fit:
            self._take(source, fit)
        for arrival in found.there:
            self._remove(arrival)
        for arrival, reason in found.refused.items():
            self._set_aside(arrival, reason)

    def _sorted(self, source: Source) -> Sorted:
        before = {(each.content_hash, each.label) for each in read_set_aside(self._folder / FOLDER)}
        gone = read_forgotten(Path())
        return sort_out(self._hashes, source, before, gone, self._request.params.new_label_videos)

    def _take(self, source: Source, arrivals: Sequence[Arrival]) -> None:
        (self._folder / _UNTRACKED).touch()
        sync(self._folder)
        placed: dict[str, Arrival] = {}
        for arrival in arrivals:
            location, digest = source.location(arrival, self._hashes[arrival]), self._hashes[arrival]
            target, scratch = source.rules.folder / location, source.rules.folder / SCRATCH
            if copy_durably(arrival.file, target, digest, scratch):
                placed[location] = arrival
            else:
                self.left[arrival.file] = _CHANGED
        list_new(source, placed)
        for arrival in placed.values():
            self._remove(arrival)
        self.taken += placed

    def _set_aside(self, arrival: Arrival, reason: str) -> None:
        entry = set_aside(self._folder / FOLDER, arrival, self._hashes[arrival], reason)
        if entry is None:
            self.left[arrival.file] = _CHANGED
        else:
            self.set_aside.append(entry)
            self._remove(arrival)

    def _remove(self, arrival: Arrival) -> None:
        if not arrival.is_feedback:
            remove_if_unchanged(arrival.file, self._seen[arrival])


def _settled(request: Request) -> tuple[list[Arrival], dict[Path, str]]:
    """Return what can be taken in now, and why other files are left."""
    came, left = find_arrivals(Path(request.params.folder))
    unsettled = still_written([arrival.file for arrival in came], time.time(), request.params.settle_seconds)
    return [arrival for arrival in came if arrival.file not in unsettled] + _feedback(request.params), (
        left | unsettled
    )


def _feedback(params: Params) -> list[Arrival]:
    state = os.environ.get("SORA_STATE", "")
    folder = params.feedback or (state and f"{state}/feedback")
    return find_arrivals(Path(folder), is_feedback=True)[0] if folder else []


def _digest(arrival: Arrival) -> str:
    """Return the SHA-256 of a video; the service names feedback by it, and what is copied is checked."""
    return arrival.file.stem if arrival.is_feedback else content_hash(arrival.file)


def _tracked(folder: Path, source: Path) -> bool | None:
    """Have DVC keep what this run changed, or one that was killed."""
    if not (folder / _UNTRACKED).exists():
        return None
    is_tracked = track(source, Path())
    (folder / _UNTRACKED).unlink()
    return is_tracked


def _told(left: dict[Path, str]) -> tuple[tuple[str, str], ...]:
    return tuple((path.as_posix(), reason) for path, reason in left.items())
