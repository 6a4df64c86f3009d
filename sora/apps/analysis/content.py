"""What one pass over a video finds."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Facts:
    """What a file says of itself; sizes as shown, upright."""

    duration_seconds: float
    width: int
    height: int
    fps: float
    video_codec: str
    has_audio: bool


@dataclass(frozen=True)
class Gap:
    """A part of a video that the networks could not judge, or not all of them, and why."""

    start_seconds: float
    end_seconds: float
    reason: str


@dataclass(frozen=True, eq=False)
class Windows:
    """The W parts of a video that were judged, in order; none crosses a cut.

    Attributes:
        starts, ends: float64 (W,), seconds from the first frame.
        keys: float64 (W,), the moment in each that looks most like the whole of it.
        shots: int64 (W,), the place of the shot that each is a part of.
        probabilities: float32 (W, C) in [0, 1], of the bundle's labels.
        embeddings: float32 (W, E).
        objects: float32 (W, 1000) in [0, 1], mean over the moments of each; (W, 0) where there are none.
    """

    starts: np.ndarray
    ends: np.ndarray
    keys: np.ndarray
    shots: np.ndarray
    probabilities: np.ndarray
    embeddings: np.ndarray
    objects: np.ndarray

    def __len__(self) -> int:
        """Give W."""
        return len(self.starts)

    @property
    def lengths(self) -> np.ndarray:
        """Seconds, float64 (W,)."""
        return self.ends - self.starts


@dataclass(frozen=True, eq=False)
class Looks:
    """Single frames that were judged for whether they are safe for work, about one a second.

    Attributes:
        times: float64 (L,), seconds from the first frame.
        scores: float32 (L,) in [0, 1]; 1 is not safe.
    """

    times: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True, eq=False)
class Analysis:
    """All that tagging, moderation and summary know of a video.

    Attributes:
        content_hash: SHA-256 of the file.
        model_version: of the bundle.
        facts: what the file says of itself.
        labels: the C names of the bundle.
        several_labels: whether their probabilities are independent.
        object_names: the names of the objects, 1000 or none.
        cuts_seconds: the times between shots.
        windows: what was judged.
        gaps: what was not.
        looks: safety for work, or None where that was not looked at.
        no_objects, no_looks: why these are missing; empty where they are not.
        warning: empty, or what went wrong in reading.
    """

    content_hash: str
    model_version: str
    facts: Facts
    labels: tuple[str, ...]
    several_labels: bool
    object_names: tuple[str, ...]
    cuts_seconds: tuple[float, ...]
    windows: Windows
    gaps: tuple[Gap, ...]
    looks: Looks | None
    no_objects: str
    no_looks: str
    warning: str

    @property
    def num_shots(self) -> int:
        """Shots of the whole video, judged or not."""
        return len(self.cuts_seconds) + 1
