"""A few videos that stand for all: as many of each label as can be, from as many groups as can be."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sora.manifest import labels_in


@dataclass(frozen=True)
class Candidate:
    """A video that may be chosen; ``label`` may be several, joined by ``;``."""

    path: str
    label: str
    group: str


def spread_sample(candidates: Sequence[Candidate], num_videos: int, seed: int) -> list[int]:
    """Return the places of ``num_videos`` candidates, or of all where there are fewer, in order.

    The next is always of the label of which fewest are chosen, and there of the group of which fewest are:
    first within the label, then altogether. Ties go by a hash of the seed, so that the order of the
    candidates does not count.
    """
    left = {place: labels_in(candidate.label) for place, candidate in enumerate(candidates)}
    groups = [candidate.group for candidate in candidates]
    rank = [_rank(seed, candidate.path) for candidate in candidates]
    of_label: Counter[str] = Counter()
    of_group: Counter[str] = Counter()
    of_both: Counter[tuple[str, str]] = Counter()
    chosen: list[int] = []
    while left and len(chosen) < num_videos:
        names = sorted({label for labels in left.values() for label in labels})
        wanted = min(names, key=lambda label: (of_label[label], _rank(seed, label)))
        having = [place for place, labels in left.items() if wanted in labels]
        keys = {
            place: (of_both[wanted, groups[place]], of_group[groups[place]], rank[place]) for place in having
        }
        place = min(keys, key=lambda place: keys[place])
        labels = left.pop(place)
        of_label.update(labels)
        of_group[groups[place]] += 1
        of_both.update((label, groups[place]) for label in labels)
        chosen.append(place)
    return sorted(chosen)


def _rank(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}\n{name}".encode()).hexdigest()
