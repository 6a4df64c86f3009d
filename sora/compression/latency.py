"""How long candidates take, in turn, so that whatever else the machine does slows all of them alike."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

Call = Callable[[], object]


@dataclass(frozen=True)
class Durations:
    """What one call took in each round, in milliseconds; place i of two callables is the same round."""

    rounds_ms: tuple[float, ...]

    @property
    def median_ms(self) -> float:
        """Half of the rounds took longer."""
        return float(np.median(self.rounds_ms))

    @property
    def p95_ms(self) -> float:
        """One round of twenty took longer; of fewer rounds, interpolated towards the longest."""
        return float(np.percentile(self.rounds_ms, 95))


def durations(calls: Mapping[str, Call], num_rounds: int) -> dict[str, Durations]:
    """Call each function once to warm up, then all of them in turn, ``num_rounds`` times.

    Raises:
        ValueError: ``num_rounds`` is less than 1.
    """
    if num_rounds < 1:
        raise ValueError(f"num_rounds must be at least 1, not {num_rounds}")
    for call in calls.values():
        call()
    rounds = [[_duration_ms(call) for call in calls.values()] for _ in range(num_rounds)]
    columns = zip(*rounds, strict=True)
    return {name: Durations(column) for name, column in zip(calls, columns, strict=True)}


def _duration_ms(call: Call) -> float:
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)
