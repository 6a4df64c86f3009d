"""Writing clips as lossless, playable files with reproducible bytes."""

from pathlib import Path

import av
import numpy as np

from sora.atomic import replacing
from sora.errors import VideoError
from sora.video.container import DecodeBreak, decode, open_video

VERSION = 1  # raise it when the bytes for unchanged pixels change


def write_clip(path: Path, pixels: np.ndarray, fps: int = 8) -> None:
    """Write uint8 RGB frames (N, H, W, 3) as lossless H.264 in Matroska; equal pixels give equal bytes."""
    with replacing(path) as temporary:
        options = {"fflags": "+bitexact"}  # no dates, no random identifiers
        with av.open(str(temporary), "w", format="matroska", options=options) as container:
            stream = container.add_stream("libx264rgb", rate=fps, options={"qp": "0", "preset": "ultrafast"})
            stream.height, stream.width = pixels.shape[1:3]
            stream.pix_fmt = "rgb24"
            stream.thread_count = 1
            for picture in pixels:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
            container.mux(stream.encode())


def read_clip(path: Path, num_frames: int) -> np.ndarray:
    """Return the ``num_frames`` uint8 RGB frames (N, H, W, 3) that ``write_clip`` wrote.

    Raises:
        VideoError: the file is damaged, a lack of frames included.
    """
    with open_video(path) as (container, stream):
        items = list(decode(container, stream))
    # More threads would wait for one another, and there is a process for each core already.
    decoded = [item for item in items if not isinstance(item, DecodeBreak)]
    pictures = [frame.to_ndarray(format="rgb24", threads=1) for frame in decoded]
    if len(pictures) != num_frames or len(items) != num_frames:
        raise VideoError(
            f"{path}: this stored clip is damaged ({len(pictures)} of {num_frames} frames); "
            "delete it and run again"
        )
    return np.stack(pictures)
