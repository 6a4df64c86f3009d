"""Stored clips as they stream into training: read, scaled down, and augmented anew in every epoch."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from sora.errors import SoraError
from sora.frames.augmentation import AugmentSpec, augment
from sora.video.write import read_clip


@dataclass(frozen=True)
class ClipShape:
    """Which part of a stored clip is trained on.

    Attributes:
        num_segments, frames_per_segment: of the stored clip.
        num_frames: evenly spread moments that are kept, the first frame of each.
        image_size_px: side to which the frames are scaled down.
    """

    num_segments: int
    frames_per_segment: int
    num_frames: int
    image_size_px: int

    def __post_init__(self) -> None:
        if not 1 <= self.num_frames <= self.num_segments:
            raise SoraError(f"num_frames: expected 1 to {self.num_segments}, got {self.num_frames}")


@dataclass(frozen=True)
class StoredClips:
    """Clips on disk; called with the index of a video and a view, it gives uint8 RGB (T, S, S, 3).

    Attributes:
        paths: of the clips, as ``sora.video.write.write_clip`` wrote them.
        keys: of the clips in their store, from which the augmentation is drawn.
        may_flip: whether each clip's label allows a mirror.
        shape: what is kept of a clip.
        augment: how far views beyond 0 may change.
        seed: of the project.
        cache_bytes: scaled clips are kept in memory up to this many bytes; the others are read every time.
    """

    paths: Sequence[Path]
    keys: Sequence[str]
    may_flip: Sequence[bool]
    shape: ClipShape
    augment: AugmentSpec
    seed: int
    cache_bytes: int = 2**30
    _cached: dict[int, np.ndarray] = field(default_factory=dict, repr=False)

    def __call__(self, index: int, view: int) -> np.ndarray:
        """Return one view of a clip, uint8 RGB (T, S, S, 3); view 0 is the clip itself.

        Raises:
            VideoError: the stored clip is damaged.
        """
        frames = self._cached.get(index)
        if frames is None:
            frames = _scaled_clip(self.paths[index], self.shape)
            if frames.nbytes * (len(self._cached) + 1) <= self.cache_bytes:
                self._cached[index] = frames
        drawn = augment(
            frames[:, None],
            self.augment,
            may_flip=self.may_flip[index],
            seed=self.seed,
            key=self.keys[index],
            view=view,
        )
        return drawn[:, 0]


def _scaled_clip(path: Path, shape: ClipShape) -> np.ndarray:
    frames = read_clip(path, shape.num_segments * shape.frames_per_segment)
    moments = (np.arange(shape.num_frames) + 0.5) * shape.num_segments / shape.num_frames
    chosen = frames[:: shape.frames_per_segment][moments.astype(int)]
    size = (shape.image_size_px, shape.image_size_px)
    return np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in chosen])
