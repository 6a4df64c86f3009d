"""Putting video files into an index; each is embedded once."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from sora.apps.index.entries import Entry
from sora.apps.index.store import VideoIndex
from sora.apps.index.vectors import search_vectors
from sora.errors import VideoError
from sora.predictor import Prediction, Predictor
from sora.sources.hashes import content_hash


class Description(NamedTuple):
    """What a model says of a video, as an index keeps it.

    Attributes:
        vector: float32 (V,), see ``search_vectors``.
        labels: that it has.
        tags: further words.
    """

    vector: np.ndarray
    labels: tuple[str, ...]
    tags: tuple[str, ...] = ()


Describe: TypeAlias = Callable[[Path], Description]


@dataclass(frozen=True)
class Added:
    """What became of a file.

    Attributes:
        video: its name in the index.
        outcome: ``unchanged`` where its content was there before, under whatever name.
        reason: why it failed, else empty.
    """

    video: str
    outcome: Literal["added", "unchanged", "failed"]
    reason: str = ""


class BundleDescriber:
    """Describes videos by a bundle, which is loaded when the first is asked for; threads may share it."""

    def __init__(self, bundle_folder: Path) -> None:
        self._folder = bundle_folder
        self._lock = threading.Lock()
        self._predictor: Predictor | None = None

    def __call__(self, video: Path) -> Description:
        """Describe one video; raises a ``VideoError`` where it cannot be judged."""
        with self._lock:
            self._predictor = self._predictor or Predictor(self._folder)
        return described(self._predictor.predict(video))


def described(prediction: Prediction, tags: Sequence[str] = ()) -> Description:
    """Return what an index keeps of a prediction."""
    return Description(vector_of(prediction), prediction.labels, tuple(tags))


def vector_of(prediction: Prediction) -> np.ndarray:
    """Return the vector by which a video is searched for, float32 (V,)."""
    probabilities = np.array([list(prediction.probabilities.values())], np.float32)
    return search_vectors(prediction.embedding[None], probabilities)[0]


def add_videos(index: VideoIndex, files: Sequence[Path], describe: Describe) -> Iterator[Added]:
    """Put files in that are not there yet, some at a time; yield what became of each, in order.

    Each is in the index for good when it is yielded. ``describe``, which threads must be able to share, is
    called only for content that the index does not have; a ``VideoError`` of it costs that file alone.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda file: _added(index, file, describe), files)


def _added(index: VideoIndex, file: Path, describe: Describe) -> Added:
    video = file.as_posix()
    try:
        digest = file_hash(file)
        if index.by_content([digest]):
            return Added(video, "unchanged")
        found = describe(file)
    except VideoError as error:
        return Added(video, "failed", str(error))
    index.put([Entry(video, digest, video, found.labels, found.tags)], found.vector[None])
    return Added(video, "added")


def embedded_again(
    entries: Sequence[Entry], describe: Describe
) -> tuple[list[Entry], list[np.ndarray], list[Added]]:
    """Describe files that were added under another model; return entries, vectors, and which files failed.

    Labels are new, for they were the other model's; tags stay where there are some.
    """
    kept, vectors, failed = [], [], []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for entry, found in zip(entries, pool.map(lambda e: _same_file(e, describe), entries), strict=True):
            if isinstance(found, VideoError):
                failed.append(Added(entry.video, "failed", str(found)))
                continue
            kept.append(replace(entry, labels=found.labels, tags=entry.tags or found.tags))
            vectors.append(found.vector)
    return kept, vectors, failed


def _same_file(entry: Entry, describe: Describe) -> Description | VideoError:
    file = Path(entry.file)
    try:
        if file_hash(file) != entry.content_hash:
            return VideoError("has changed since it was added; add it again")
        return describe(file)
    except VideoError as error:
        return error


def file_hash(file: Path) -> str:
    """Return the content hash of a file.

    Raises:
        VideoError: it cannot be read.
    """
    try:
        return content_hash(file)
    except OSError as error:
        raise VideoError(f"cannot be read ({error.strerror})") from error
