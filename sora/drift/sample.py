"""A set of videos as arrays: the reference, or the window that is compared with it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sora.drift.facts import FactValue
from sora.drift.observation import Observation
from sora.errors import SoraError

MAX_VIDEOS = 2000  # of each side: a kernel of 4,000 x 4,000 numbers takes 128 MB
_MAX_VIDEOS_OF_GROUP = 20  # more of them say no more of others


@dataclass(frozen=True, eq=False)
class Sample:
    """N videos.

    Attributes:
        title: what they are, for people.
        names: of the videos; content hashes where they have none.
        groups: of the videos; an empty one is not known.
        labels: that the model gave them.
        confidences: float64 (N,), in [0, 1].
        embeddings: float32 (N, E), of one version of a model.
        facts: of each video.
        model_version: of the bundle.
    """

    title: str
    names: tuple[str, ...]
    groups: tuple[str, ...]
    labels: np.ndarray
    confidences: np.ndarray
    embeddings: np.ndarray
    facts: tuple[dict[str, FactValue], ...]
    model_version: str

    def __len__(self) -> int:
        return len(self.names)

    @property
    def has_groups(self) -> bool:
        """Whether the group of any video is known."""
        return any(self.groups)

    def at(self, places: Sequence[int]) -> "Sample":
        """Return the videos at ``places``, in this order."""
        rows = list(places)
        return replace(
            self,
            names=tuple(self.names[row] for row in rows),
            groups=tuple(self.groups[row] for row in rows),
            labels=self.labels[rows],
            confidences=self.confidences[rows],
            embeddings=self.embeddings[rows],
            facts=tuple(self.facts[row] for row in rows),
        )

    def without_groups(self) -> "Sample":
        """Return the same videos, each for itself."""
        return replace(self, groups=("",) * len(self))


def sample_of(title: str, observations: Sequence[Observation]) -> Sample:
    """Return observations as arrays.

    Raises:
        SoraError: there is none, or they are of several models.
    """
    if not observations:
        raise SoraError(f"{title}: holds no video")
    versions = Counter(each.model_version for each in observations)
    sizes = {len(each.embedding) for each in observations}
    if len(versions) > 1 or len(sizes) > 1:
        found = ", ".join(f"{count} of {version}" for version, count in versions.most_common())
        raise SoraError(
            f"{title}: expected embeddings of one model, found {found}; take those since the last promotion"
        )
    return Sample(
        title=title,
        names=tuple(each.video or each.content_hash[:12] for each in observations),
        groups=tuple(each.group for each in observations),
        labels=np.array([each.label for each in observations]),
        confidences=np.array([each.confidence for each in observations], np.float64),
        embeddings=np.stack([each.embedding for each in observations]),
        facts=tuple(dict(each.facts) for each in observations),
        model_version=next(iter(versions)),
    )


def drawn(groups: Sequence[str], seed: int, max_videos: int = MAX_VIDEOS) -> list[int]:
    """Return places of at most ``max_videos`` videos, drawn as whole groups and in order.

    Of a large group at most 20 are taken. The same for one seed.
    """
    order = np.random.default_rng(seed).permutation(len(groups))
    if len(groups) <= max_videos:
        return list(range(len(groups)))
    of_group: dict[str, list[int]] = {}
    for place in order.tolist():
        members = of_group.setdefault(groups[place] or f"\0{place}", [])
        if len(members) < _MAX_VIDEOS_OF_GROUP:
            members.append(place)
    taken: list[int] = []
    for members in of_group.values():
        if len(taken) + len(members) > max_videos:
            break
        taken += members
    return sorted(taken)


def one_of_each_group(groups: Sequence[str], seed: int) -> list[int]:
    """Return places of one video of each group, drawn, and of all whose group is not known; in order."""
    order = np.random.default_rng(seed).permutation(len(groups)).tolist()
    first = {groups[place] or f"\0{place}": place for place in order}
    return sorted(first.values())
