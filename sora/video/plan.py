"""Which stretches of a video to decode in order to get some of its frames: index arithmetic only."""

from dataclasses import dataclass

import numpy as np

# Packets whose decoding costs as much as starting anew at a key frame.
_JUMP_PACKETS = 4


@dataclass(frozen=True)
class Run:
    """Packets ``first`` to ``last``, both included, in decoding order, and which of them are ``wanted``."""

    first: int
    last: int
    wanted: frozenset[int]


def plan_runs(packet: np.ndarray, start: np.ndarray) -> list[Run]:
    """Return the runs, in order and apart from each other, that give the frames of ``packet``.

    A key frame on the way is jumped to where that saves decoding; else the video is read through.

    Args:
        packet: int64 (K,), the packets of the wanted frames.
        start: int64 (K,), where decoding must start for each.
    """
    runs: list[Run] = []
    for place in np.argsort(packet, kind="stable"):
        run = Run(int(start[place]), int(packet[place]), frozenset({int(packet[place])}))
        while runs and run.first - runs[-1].last <= _JUMP_PACKETS:
            before = runs.pop()
            run = Run(min(before.first, run.first), run.last, before.wanted | run.wanted)
        runs.append(run)
    return runs
