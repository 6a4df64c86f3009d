"""Near duplicates: videos that show the same footage, though re-encoded, scaled, mirrored, shifted or cut.

Candidates first: three key moments of each video are compared, in blocks and by numpy, with every moment of
all videos that are as long or longer. Each pair that agrees in a moment is then aligned over all its moments.
10,000 videos take half a minute on one core and 120 MB; the time grows with the square of their number.
What is not found: a short part of a long video, whose kept moments lie too far apart, and crops, borders or
overlays that change the whole picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sora.quality.alignment import Alignment, align
from sora.video.fingerprint import Fingerprint, mirrored

_NUM_KEYS = 3
_KEY_PICTURE_BITS, _KEY_MOTION_BITS = 12, 16  # of 63, for one moment
_BLOCK = 1 << 22  # comparisons at a time
_SIBLING = 1.5  # times as far as the nearest


class NearDuplicate(NamedTuple):
    """Two videos (positions in a list, ``first`` < ``second``) that show the same footage."""

    first: int
    second: int
    is_mirrored: bool
    alignment: Alignment

    @property
    def bits(self) -> float:
        """How far apart they are: 0 is the same."""
        return self.alignment.picture_bits + self.alignment.motion_bits


@dataclass(frozen=True)
class _Moments:
    """The moments of all videos in one array, videos in the order of their duration."""

    order: np.ndarray  # the videos, shortest first
    starts: np.ndarray  # where the moments of each of them begin
    owners: np.ndarray  # the place in ``order``, for each moment
    pictures: np.ndarray
    motions: np.ndarray


def find_near_duplicates(fingerprints: Sequence[Fingerprint]) -> list[NearDuplicate]:
    """Return every pair that shows the same footage, each once, in the order of the list."""
    nearest: dict[tuple[int, int], NearDuplicate] = {}
    for first, second, is_mirrored in sorted(_candidates(fingerprints)):
        alignment = align(fingerprints[first], fingerprints[second], is_mirrored=is_mirrored)
        if alignment is not None:
            found = NearDuplicate(first, second, is_mirrored, alignment)
            nearest[first, second] = min(nearest.get((first, second), found), found, key=lambda n: n.bits)
    return list(nearest.values())


def without_siblings(found: list[NearDuplicate], groups: Sequence[str]) -> list[NearDuplicate]:
    """Return ``found`` without pairs across groups that a nearer pair explains.

    Takes of one scene look alike, so the copy of one of them resembles its siblings too. A pair is left out
    where one of its videos has a clearly nearer match in the other's group.
    """
    nearest: dict[tuple[int, str], float] = {}
    for pair in found:
        for video, other in ((pair.first, pair.second), (pair.second, pair.first)):
            place = video, groups[other]
            nearest[place] = min(nearest.get(place, pair.bits), pair.bits)
    return [
        pair
        for pair in found
        if groups[pair.first] == groups[pair.second]
        or pair.bits
        <= _SIBLING * min(nearest[pair.first, groups[pair.second]], nearest[pair.second, groups[pair.first]])
    ]


def _candidates(fingerprints: Sequence[Fingerprint]) -> set[tuple[int, int, bool]]:
    moments = _all_moments(fingerprints)
    keys = _key_moments(moments)
    num_rows = max(1, _BLOCK // max(1, len(moments.owners)))
    found = set()
    for start in range(0, len(keys), num_rows):
        for is_mirrored in (False, True):
            for one, other in _agreeing_videos(moments, keys[start : start + num_rows], is_mirrored):
                first, second = sorted((int(moments.order[one]), int(moments.order[other])))
                found.add((first, second, is_mirrored))
    return found


def _all_moments(fingerprints: Sequence[Fingerprint]) -> _Moments:
    order = np.argsort([f.step_seconds * len(f.pictures) for f in fingerprints], kind="stable")
    counts = [len(fingerprints[video].pictures) for video in order]
    empty = np.zeros(0, np.uint64)
    return _Moments(
        order=order,
        starts=np.cumsum([0, *counts]),
        owners=np.repeat(np.arange(len(order)), counts),
        pictures=np.concatenate([empty, *(fingerprints[video].pictures for video in order)]),
        motions=np.concatenate([empty, *(fingerprints[video].motions for video in order)]),
    )


def _key_moments(moments: _Moments) -> np.ndarray:
    """Return where the keys of all videos lie: evenly spaced among the moments that are not flat."""
    keys = []
    for start, end in zip(moments.starts[:-1], moments.starts[1:], strict=True):
        useful = start + np.flatnonzero(moments.pictures[start:end])
        places = (np.arange(_NUM_KEYS) + 0.5) / _NUM_KEYS * len(useful)
        keys.append(useful[np.unique(places.astype(int))] if len(useful) else useful)
    return np.concatenate(keys) if keys else np.zeros(0, int)


def _agreeing_videos(moments: _Moments, keys: np.ndarray, is_mirrored: bool) -> np.ndarray:
    """Return (N, 2) places in ``order``: a video with one of ``keys`` and a longer one that agrees."""
    start = moments.starts[moments.owners[keys[0]] + 1]
    pictures, motions = moments.pictures[keys], moments.motions[keys]
    if is_mirrored:
        pictures, motions = mirrored(pictures), mirrored(motions)
    bits = np.bitwise_count(pictures[:, None] ^ moments.pictures[None, start:])
    rows, columns = np.nonzero(bits <= _KEY_PICTURE_BITS)
    moving_alike = np.bitwise_count(motions[rows] ^ moments.motions[start + columns]) <= _KEY_MOTION_BITS
    owners = moments.owners[keys[rows[moving_alike]]], moments.owners[start + columns[moving_alike]]
    pairs = np.unique(np.stack(owners, axis=1), axis=0)
    return pairs[pairs[:, 1] > pairs[:, 0]]
