"""What the user gave: labelled videos, whole or in part, and files that are none."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from sora.video.read import WHOLE, Window


@dataclass(frozen=True)
class LabelledVideo:
    """One video to learn from.

    Attributes:
        location: where its file is: a path relative to the source folder, or a URL.
        label: its labels, sorted and joined by ``;`` where there are several.
        group: its source group; videos of one group never stand on both sides of a split.
        split: a given split, or ``""``.
        window: the part of the file that is meant.
        sha256: what the file's SHA-256 must be, or ``""``.
        version: which state of an object in storage is meant, where its listing tells; else ``""``.
        attributes: what else the user's table says of it, by column.
    """

    location: str
    label: str
    group: str
    split: str = ""
    window: Window = field(default=WHOLE)
    sha256: str = ""
    version: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def path(self) -> str:
        """The name that no other video has: the location, and the part as a media fragment."""
        return self.location + fragment(self.window)


@dataclass(frozen=True)
class SkippedFile:
    """A file that lies among the videos and is none, and why it was left out."""

    path: str
    label: str
    reason: str


@dataclass(frozen=True)
class Listing:
    """All that a source holds: the videos, ordered by location and start, and what was left out."""

    videos: list[LabelledVideo]
    skipped: list[SkippedFile]


def is_url(location: str) -> bool:
    """Whether a location is a URL of any scheme, and not a path."""
    return "://" in location


def fragment(window: Window) -> str:
    """Return ``#t=10,20`` for a part, ``#t=10`` for one that goes on to the end, nothing for the whole.

    Source: W3C, "Media Fragments URI 1.0", temporal dimension, normal play time.
    """
    if window == WHOLE:
        return ""
    end = "" if math.isinf(window.end_seconds) else f",{_seconds(window.end_seconds)}"
    return f"#t={_seconds(window.start_seconds)}{end}"


def part_hash(file_hash: str, window: Window) -> str:
    """Return what stands for the content of a part: a hash of the file's hash and the part.

    The whole file keeps its own SHA-256.
    """
    part = fragment(window)
    return hashlib.sha256(f"{file_hash}{part}".encode()).hexdigest() if part else file_hash


def _seconds(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
