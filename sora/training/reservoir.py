"""Which of the videos that a model knows are kept to be shown to it again."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple


class Known(NamedTuple):
    """A video that a model has learned: the key of its content, and its label as it stands in the table."""

    key: str
    label: str


def reservoir(videos: Iterable[Known], size: int, seed: int) -> list[Known]:
    """Keep at most ``size`` videos: labels as evenly as they allow, the videos of a label with equal chances.

    A reservoir sample (Vitter, "Random Sampling with a Reservoir", 1985) by random tags: each video has the
    hash of (seed, video) as its tag, and the lowest tags of each label stay. So nothing depends on the order
    in which videos come, one that comes twice counts once, and a reservoir that is filled up later is that
    of all videos at once: ``reservoir([*reservoir(some), *others])`` equals ``reservoir([*some, *others])``.

    Several labels of one video are together a label of their own here.

    Returns:
        The videos that stay, the most evenly spread first: any beginning is a smaller reservoir.
    """
    of_label: dict[str, list[tuple[bytes, Known]]] = defaultdict(list)
    for video in set(videos):
        of_label[video.label].append((_tag(video, seed), video))
    # Whoever has the fewest of its own label before it comes first; between labels the tags decide.
    ranked = [
        (rank, tag, video) for each in of_label.values() for rank, (tag, video) in enumerate(sorted(each))
    ]
    return [video for _, _, video in sorted(ranked)[:size]]


def _tag(video: Known, seed: int) -> bytes:
    return hashlib.sha256(f"{seed} {video.key} {video.label}".encode()).digest()
