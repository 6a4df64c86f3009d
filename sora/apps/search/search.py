"""Searching an index: by an example's vector, by words, or by both."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sora.apps.index.entries import Entry, Kind, asked_words
from sora.apps.index.store import VideoIndex, open_index
from sora.apps.index.vectors import unit_rows
from sora.apps.search.exact import ExactNeighbours, Neighbours
from sora.apps.search.neighbours import load_neighbours
from sora.errors import SoraError


@dataclass(frozen=True)
class Words:
    """Words that a video must have, all of them; without case.

    A word is had by a video whose labels (or tags) have a word that begins with it. ``JumpRope`` has the
    words ``jump``, ``rope`` and ``jumprope``.
    """

    labels: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def asked(self) -> list[tuple[Kind, str]]:
        """Return each word with what must have it."""
        labels: list[tuple[Kind, str]] = [("label", word) for word in asked_words(self.labels)]
        return labels + [("tag", word) for word in asked_words(self.tags)]


ANY = Words()


@dataclass(frozen=True)
class Hit:
    """A video that was found.

    Attributes:
        entry: the video.
        similarity: to the example, at most 1; None where there was none.
    """

    entry: Entry
    similarity: float | None


class Searcher:
    """An index in memory; threads may share it, and a change of the file shows at the next search."""

    def __init__(self, path: Path, model_version: str | None = None) -> None:
        """Load an index; arguments and errors are those of ``open_index``."""
        self._path = Path(path)
        self._model_version = model_version
        self._lock = threading.Lock()
        self._revision = ""
        self._loaded: tuple[VideoIndex, Neighbours]
        self._current()

    def like(self, vector: np.ndarray, top: int = 10, words: Words = ANY, but_not: str = "") -> list[Hit]:
        """Return the videos most like an example, nearest first.

        Args:
            vector: of the example, float32 (V,): see ``sora.apps.index.vectors``.
            top: the most to return.
            words: what they must have; those that do are compared one by one, however many.
            but_not: a content hash that is left out: that of the example itself.

        Raises:
            SoraError: V is not the index's.
        """
        index, neighbours = self._current()
        if neighbours.size not in (0, len(vector)):
            raise SoraError(
                f"example: {neighbours.size} numbers expected, as in the index, got {len(vector)}"
            )
        if words.asked():
            neighbours = ExactNeighbours(*index.vectors(list(_with_words(index, words))))
        return _hits(index, neighbours, vector, top, but_not)

    def like_video(self, content_hash: str, top: int = 10, words: Words = ANY) -> list[Hit] | None:
        """Return the videos most like one that is in the index; None where it is not."""
        index, _ = self._current()
        found = index.by_content([content_hash])
        if content_hash not in found:
            return None
        return self.like(found[content_hash][1], top, words, but_not=content_hash)

    def with_words(self, words: Words, top: int = 10) -> list[Hit]:
        """Return videos that have all the words: first those that have each as a whole word, then by name.

        Raises:
            SoraError: no word is asked for.
        """
        if not words.asked():
            raise SoraError("search: at least one word of letters or digits expected, got none")
        index, _ = self._current()
        found = _with_words(index, words)
        entries = index.entries(list(found))
        order = sorted(entries, key=lambda number: (not found[number], entries[number].video))
        return [Hit(entries[number], None) for number in order[:top]]

    def _current(self) -> tuple[VideoIndex, Neighbours]:
        """Return the index and its neighbours, loaded again where the file has changed."""
        with self._lock:
            index = open_index(self._path, self._model_version)
            revision = index.revision()
            if revision != self._revision:
                self._loaded = index, load_neighbours(index)
                self._revision = revision
            return self._loaded


def _with_words(index: VideoIndex, words: Words) -> dict[int, bool]:
    """Return the ids that have all words, and whether they have each as a whole word."""
    each = [index.with_word(word, kind) for kind, word in words.asked()]
    common: Sequence[int] = sorted(set(each[0]).intersection(*each[1:]))
    return {number: all(one[number] for one in each) for number in common}


def _hits(index: VideoIndex, neighbours: Neighbours, vector: np.ndarray, top: int, but_not: str) -> list[Hit]:
    nearest = neighbours.nearest(unit_rows(vector[None]), top + bool(but_not))
    pairs = zip(nearest.ids[0].tolist(), nearest.similarities[0].tolist(), strict=True)
    entries = index.entries(nearest.ids[0].tolist())
    # One that was removed since the neighbours were loaded has no entry any more.
    hits = [Hit(entries[number], similarity) for number, similarity in pairs if number in entries]
    return [hit for hit in hits if hit.entry.content_hash != but_not][:top]
