"""Pictures of videos to learn enlarging from; called in child processes, so light to import."""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from sora.enhance.own import EATEN_PX, UNIT, apart, lanczos, luma_of
from sora.errors import VideoError
from sora.video.read import Window, read_frames


class Source(NamedTuple):
    """A video, or a part of it, how many of its frames are looked at, and how large they must be."""

    file: str
    window: Window
    num_frames: int
    least_px: int


class Cut(NamedTuple):
    """How many patches of the least size are cut from each frame, and the seed that says where."""

    source: Source
    num_patches: int
    seed: int


def spread_frames(source: Source) -> np.ndarray:
    """Return frames that are evenly spread over a video, uint8 RGB (K, H, W, 3), their sizes even.

    Raises:
        VideoError: nothing decodes, or the frames are too small.
    """

    def choose(times: np.ndarray) -> list[int]:
        parts = (np.arange(source.num_frames) + 0.5) / source.num_frames
        return sorted(set((parts * len(times)).astype(int).tolist()))

    read = read_frames(Path(source.file), choose, lambda *size: size, source.window)
    height, width = (size // 2 * 2 for size in read.pixels.shape[1:3])
    if min(height, width) < source.least_px:
        raise VideoError(f"its frames have {width} x {height} px, {source.least_px} at least are needed")
    return read.pixels[:, :height, :width]


def cut_patches(cut: Cut) -> np.ndarray:
    """Return patches of frames, turned and mirrored by chance: uint8 RGB (K, S, S, 3).

    Raises:
        VideoError: as ``spread_frames``.
    """
    frames, random = spread_frames(cut.source), np.random.default_rng(cut.seed)
    size = cut.source.least_px
    room = np.array(frames.shape[1:3]) - size
    patches = []
    for frame in frames:
        for top, left in random.integers(0, room + 1, (cut.num_patches, 2)).tolist():
            patch = frame[top : top + size, left : left + size]
            turned = np.rot90(patch, int(random.integers(4)))
            patches.append(turned[:, ::-1] if random.integers(2) else turned)
    return np.stack(patches)


def example(patch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the luma of a patch that is shrunk by 2, and what Lanczos misses of it.

    Args:
        patch: uint8 RGB (2 S, 2 S, 3).

    Returns:
        float32 (S, S, 1) in [-0.5, 0.5], and float32 (S - 8, S - 8, 4): see ``subpixel_network``.
    """
    luma = luma_of(shrunk(patch))
    missing = apart(luma_of(patch) - lanczos(luma)) / UNIT
    return luma[..., None], missing[EATEN_PX:-EATEN_PX, EATEN_PX:-EATEN_PX]


def shrunk(picture: np.ndarray) -> np.ndarray:
    """Return a picture half as wide and high; each pixel is the mean of four."""
    height, width = picture.shape[:2]
    return cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
