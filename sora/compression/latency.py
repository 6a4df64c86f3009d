"""How long one call takes."""

import time
from collections.abc import Callable

import numpy as np


def median_latency_ms(run: Callable[[], object], repeats: int) -> float:
    """Call ``run`` once to warm up, then ``repeats`` times; give the median duration in milliseconds.

    Raises:
        ValueError: ``repeats`` is less than 1.
    """
    if repeats < 1:
        raise ValueError(f"repeats must be at least 1, not {repeats}")
    run()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds)) * 1000
