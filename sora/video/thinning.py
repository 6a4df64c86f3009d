"""Evenly spaced items of a stream whose length is not known, in memory that does not grow with it."""

from collections.abc import Callable
from typing import Generic, TypeVar

_ROUNDING = 1e-6  # times are multiples of a time base, so 0.999999 steps are one
T = TypeVar("T")


class EvenlySpaced(Generic[T]):
    """Keeps the first item at or after each multiple of ``step``; ``step`` doubles when they grow too many.

    Steps of two streams are therefore powers of two apart, and the items of the longer one lie at every
    second (fourth, ...) place of the shorter one.

    Attributes:
        items: what is kept: more than half of ``capacity`` once there have been that many.
        step: the distance between two kept items, in the unit of positions.
    """

    def __init__(self, capacity: int, first_step: float) -> None:
        self.items: list[T] = []
        self.step = first_step
        self._capacity = capacity

    def add(self, position: float, make: Callable[[], T]) -> None:
        """Take the item at ``position`` (0 or more, rising); ``make`` is called only if it is kept."""
        while position + self.step * _ROUNDING >= self._capacity * self.step:
            self.items = self.items[::2]
            self.step *= 2
        num_due = int(position / self.step + _ROUNDING) + 1 - len(self.items)
        if num_due > 0:
            self.items += [make()] * num_due
