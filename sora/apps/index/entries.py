"""One video of an index, and the words by which it is found."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Origin: TypeAlias = Literal["project", "added"]
Kind: TypeAlias = Literal["label", "tag"]

_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True)
class Entry:
    """What an index knows of a video beside its vector.

    Attributes:
        video: its name, which no other has: the manifest's path, or the file as it was given.
        content_hash: of its content; equal content is the same video.
        file: where its file was.
        labels: of the user for a video of the project, else those that the model decided on.
        tags: further words.
        origin: whether it is one of the project's videos, or was added as a file.
    """

    video: str
    content_hash: str
    file: str
    labels: tuple[str, ...]
    tags: tuple[str, ...] = ()
    origin: Origin = "added"

    def words(self) -> set[tuple[Kind, str]]:
        """Return all words by which it is found."""
        labels: set[tuple[Kind, str]] = {("label", word) for word in words_in(self.labels)}
        return labels | {("tag", word) for word in words_in(self.tags)}


def words_in(texts: Iterable[str]) -> set[str]:
    """Return the words of texts, without case: ``JumpRope`` has ``jump``, ``rope`` and ``jumprope``."""
    return {
        part.casefold()
        for text in texts
        for word in _WORD.findall(text)
        for part in (word, *_HUMP.split(word))
    }


def asked_words(texts: Iterable[str]) -> list[str]:
    """Return the words that a query asks for, without case, each once; ``JumpRope`` is one word here."""
    return list(dict.fromkeys(word.casefold() for text in texts for word in _WORD.findall(text)))
