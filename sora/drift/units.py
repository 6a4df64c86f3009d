"""What chance deals out: whole groups of videos, for those of one source are no independent witnesses."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array


@dataclass(frozen=True, eq=False)
class Units:
    """Videos by the unit that they belong to: a group, or a video whose group is not known.

    Every unit weighs the same, however many videos it has. Units of one distribution are exchangeable then,
    which is all that a permutation test asks for.

    Attributes:
        codes: int (N,), the unit of each video, from 0 to U - 1; those of the window come last.
        num_window: how many units are the window's.
    """

    codes: np.ndarray
    num_window: int

    @property
    def count(self) -> int:
        """How many units there are on both sides."""
        return int(self.codes.max()) + 1

    @property
    def weights(self) -> np.ndarray:
        """What each video weighs in its unit, float64 (N,)."""
        return 1 / np.bincount(self.codes)[self.codes]

    def means(self, values: np.ndarray) -> np.ndarray:
        """Return the mean of ``values`` (N, V) over the videos of each unit, float64 (U, V)."""
        places = (self.codes, np.arange(len(self.codes)))
        return csr_array((self.weights, places), shape=(self.count, len(self.codes))) @ values


def units(reference: Sequence[str], window: Sequence[str]) -> Units:
    """Return the units of the videos of both sides, those of the reference first.

    A group that both sides have is one unit on each: the window can only look more like the reference for
    it, so that no false alarm comes of it.

    Args:
        reference: the groups of its videos; an empty one is not known.
        window: likewise.
    """
    first, second = _codes(reference), _codes(window)
    num_reference = int(first.max()) + 1
    return Units(np.concatenate([first, second + num_reference]), int(second.max()) + 1)


def _codes(groups: Sequence[str]) -> np.ndarray:
    # A number cannot be the name of a group.
    names = [group or place for place, group in enumerate(groups)]
    numbers: dict[str | int, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names])
