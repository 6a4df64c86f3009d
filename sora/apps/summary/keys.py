"""Which moments stand for a video."""

from dataclasses import dataclass

import numpy as np

from sora.apps.analysis.content import Analysis, Windows
from sora.apps.summary.coverage import cover, coverage, similarities

_ENOUGH = 0.98  # coverage at which a second frame of a shot would only show the same again


@dataclass(frozen=True)
class KeyFrame:
    """A moment that stands for a part of a video.

    Attributes:
        seconds: from the first frame.
        start_seconds, end_seconds: of the window that it is the most typical moment of.
        shot: the place of the shot.
        label: the most probable one there, and its probability.
    """

    seconds: float
    start_seconds: float
    end_seconds: float
    shot: int
    label: str
    probability: float


@dataclass(frozen=True)
class KeyFrames:
    """Key frames in order of time, and how well they cover the embeddings of all windows, in [0, 1]."""

    frames: tuple[KeyFrame, ...]
    coverage: float


def key_frames(analysis: Analysis, max_frames: int = 12) -> KeyFrames:
    """Choose key frames that cover the embeddings of a video, weighted by time.

    Each shot stands once before any stands twice, which ends where the video is covered well. Of more shots
    than frames those that cover it best are shown, each by the window that covers its shot best.
    """
    windows = analysis.windows
    similarity, weights = similarities(windows.embeddings), windows.lengths
    first = _one_a_shot(windows, similarity)
    chosen = cover(similarity, weights, max_frames, candidates=first)
    chosen = cover(similarity, weights, max_frames, start=chosen, enough=_ENOUGH)
    frames = tuple(_frame(analysis, i) for i in sorted(chosen))
    return KeyFrames(frames, coverage(similarity, weights, chosen))


def _one_a_shot(windows: Windows, similarity: np.ndarray) -> list[int]:
    found = []
    for shot in np.unique(windows.shots):
        own = np.flatnonzero(windows.shots == shot)
        best = cover(similarity[np.ix_(own, own)], windows.lengths[own], 1)[0]
        found.append(int(own[best]))
    return found


def _frame(analysis: Analysis, place: int) -> KeyFrame:
    windows = analysis.windows
    best = int(windows.probabilities[place].argmax())
    return KeyFrame(
        seconds=float(windows.keys[place]),
        start_seconds=float(windows.starts[place]),
        end_seconds=float(windows.ends[place]),
        shot=int(windows.shots[place]),
        label=analysis.labels[best],
        probability=float(windows.probabilities[place, best]),
    )
