"""Videos made worse and written as new files, as child processes make them."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from sora.atomic import replacing
from sora.robustness.pictures import darken
from sora.video.container import open_video
from sora.video.read import iterate_frames

CHANGES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], int]] = {  # of frames, and H.264's rate factor
    "rewritten": (lambda frames: frames, 18),
    "darkened": (lambda frames: darken(frames, 0.2), 18),
    "re-encoded": (lambda frames: frames, 45),
}


def write_changed(item: tuple[Path, Path, str]) -> None:
    """Decode a video whole, change every frame, and write it as H.264; a file that is there stays.

    ``item`` is the video, the new file, and the name of the change.
    """
    source, target, name = item
    if target.is_file():
        return
    change, rate_factor = CHANGES[name]
    with open_video(source) as (_, stream):
        rate = stream.average_rate or Fraction(25)
    pixels = change(np.stack([frame.pixels for frame in iterate_frames(source, _as_shown)]))
    with replacing(target) as temporary, av.open(str(temporary), "w") as written:
        options = {"crf": str(rate_factor), "preset": "veryfast"}
        stream = written.add_stream("libx264", rate=rate, options=options)
        stream.height, stream.width = pixels.shape[1:3]
        stream.pix_fmt, stream.thread_count = "yuv420p", 1
        for picture in pixels:
            written.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        written.mux(stream.encode())


def _as_shown(width: int, height: int) -> tuple[int, int]:
    return width, height
