"""The last moments of a source, as a clip: each is computed once, and stays until it is too old."""

from collections import deque

import numpy as np

from sora.frames.sampling import last_segment_indices, spread_over
from sora.frames.spec import ClipSpec
from sora.live.mailbox import LiveFrame

_FASTEST_FPS = 60  # of a source that frames are kept enough of for a segment


def segment_reach(spec: ClipSpec) -> int:
    """Return how many frames a segment spans at most."""
    return 1 + round(_FASTEST_FPS * (spec.frames_per_segment - 1) * spec.frame_interval_seconds)


class RecentFrames:
    """The last frames in a row, out of which segments are taken."""

    def __init__(self, spec: ClipSpec) -> None:
        self._spec = spec
        self._frames: deque[LiveFrame] = deque(maxlen=1 + segment_reach(spec))

    def add(self, frame: LiveFrame) -> None:
        """Add the newest frame; where frames are missing before it a new row begins."""
        last = self._frames[-1] if self._frames else frame
        if frame.number > last.number + 1 or frame.connection != last.connection:
            self._frames.clear()
        self._frames.append(frame)

    def segment(self) -> np.ndarray:
        """Return the frames of the last segment there is room for, uint8 RGB (K, H, W, 3)."""
        times = np.array([frame.time_seconds for frame in self._frames])
        spec = self._spec
        chosen = last_segment_indices(times, spec.frames_per_segment, spec.frame_interval_seconds)
        return np.stack([self._frames[place].picture for place in chosen])


class Ring:
    """Features of the last ``num_segments`` moments, the oldest first."""

    def __init__(self, num_segments: int) -> None:
        self._moments: deque[np.ndarray | None] = deque(maxlen=num_segments)
        self._num_segments = num_segments

    def push(self, features: np.ndarray | None) -> None:
        """Add those of the newest moment, float32 (F,); None: it is too badly exposed to have any."""
        self._moments.append(features)

    def clear(self) -> None:
        """Forget all moments."""
        self._moments.clear()

    @property
    def is_empty(self) -> bool:
        """Whether there is no moment."""
        return not self._moments

    @property
    def is_full(self) -> bool:
        """Whether there are as many moments as a clip has."""
        return len(self._moments) == self._num_segments

    def clip(self) -> np.ndarray | None:
        """Return the features of a clip, float32 (T, F), or None where no moment has any.

        Moments that are missing are made up for as they are in every clip: the others are spread evenly over
        their places. So are the first moments of a source, as long as the ring is not full: as if its video
        had been that short.
        """
        good = [features for features in self._moments if features is not None]
        if not good:
            return None
        return np.stack([good[place] for place in spread_over(np.arange(len(good)), self._num_segments)])
