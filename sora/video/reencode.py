"""What lossy coding does to frames, in memory."""

from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext

# x264's macroblock tree gives other bytes from run to run, even on one thread.
_OPTIONS = {"preset": "veryfast", "mbtree": "0"}


def reencode(frames: np.ndarray, rate_factor: float, fps: int = 25) -> np.ndarray:
    """Return frames as they look after H.264 with half the colour resolution (yuv420p), at the same places.

    Args:
        frames: uint8 RGB (N, H, W, 3), H and W even, coded as one stream.
        rate_factor: x264's constant rate factor, from 0 (best) to 51; 23 is usual, 35 shows.
        fps: how fast they are played, of which the coder's choice of frame types takes note.

    Returns:
        uint8 RGB (N, H, W, 3).
    """
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.thread_count = 1
    shown = [frame for packet in _packets(frames, rate_factor, fps) for frame in decoder.decode(packet)]
    shown += decoder.decode(None)
    return np.stack([frame.to_ndarray(format="rgb24", threads=1) for frame in shown])


def _packets(frames: np.ndarray, rate_factor: float, fps: int) -> Iterator[Packet]:
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.height, encoder.width = frames.shape[1:3]
    encoder.pix_fmt, encoder.thread_count = "yuv420p", 1
    encoder.time_base, encoder.framerate = Fraction(1, fps), Fraction(fps)
    encoder.options = {**_OPTIONS, "crf": f"{rate_factor:g}"}
    for index, pixels in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p", threads=1)
        frame.pts, frame.time_base = index, Fraction(1, fps)
        yield from encoder.encode(frame)
    yield from encoder.encode(None)
