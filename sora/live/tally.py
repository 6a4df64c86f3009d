"""What a watch comes to: how much was seen and answered, and how late."""

from collections import Counter


class Delays:
    """Delays in whole milliseconds, counted, so that a watch of weeks takes no more memory."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def add(self, delay_ms: float) -> None:
        """Count one."""
        self._counts[round(delay_ms)] += 1

    @property
    def number(self) -> int:
        """How many there are."""
        return self._counts.total()

    def quantile(self, share: float) -> int:
        """Return the smallest delay that at least ``share`` of all do not exceed; 0 where there are none."""
        seen = 0
        for delay_ms, count in sorted(self._counts.items()):
            seen += count
            if seen >= share * self.number:
                return delay_ms
        return 0
