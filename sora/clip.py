"""The clean clip of a video file: the one way to it, for preprocess and for serving."""

from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sora.errors import VideoError
from sora.frames.inputs import choose_frames, clean_clip
from sora.frames.spec import ClipSpec
from sora.video.pictures import square
from sora.video.read import read_frames


class CleanClip(NamedTuple):
    """A clip, uint8 RGB (T * K, S, S, 3), and where decoding broke, if it did."""

    pixels: np.ndarray
    warning: str


def read_clean_clip(path: Path, spec: ClipSpec) -> CleanClip:
    """Read, choose and clean the frames of ``path``.

    Raises:
        VideoError: nothing decodes, or no chosen frame is well exposed.
    """
    frames = read_frames(path, partial(choose_frames, spec=spec), square(spec.image_size_px))
    try:
        return CleanClip(clean_clip(frames.pixels, spec), frames.warning)
    except ValueError as error:
        raise VideoError(str(error)) from error
