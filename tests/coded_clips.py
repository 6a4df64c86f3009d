"""Clips whose frames show their own index, as eight black or white blocks that survive any codec."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

ROWS, COLUMNS = 2, 4


def coded_picture(index: int, width: int = 128, height: int = 64) -> np.ndarray:
    """uint8 RGB (height, width, 3): the bits of ``index``, most significant at the top left."""
    y = np.arange(height) * ROWS // height
    x = np.arange(width) * COLUMNS // width
    place = y[:, None] * COLUMNS + x[None, :]
    bits = (index >> (ROWS * COLUMNS - 1 - place)) & 1
    return np.repeat((40 + 170 * bits).astype(np.uint8)[..., None], 3, axis=2)


def read_index(picture: np.ndarray) -> int:
    height, width = picture.shape[:2]
    value = 0
    for row in range(ROWS):
        for column in range(COLUMNS):
            y, x = int((row + 0.5) * height / ROWS), int((column + 0.5) * width / COLUMNS)
            value = value * 2 + int(picture[y - 1 : y + 2, x - 1 : x + 2].mean() > 125)
    return value


def write_pictures(
    path: Path,
    pictures: list[np.ndarray],
    codec: str = "libx264",
    *,
    fps: int = 25,
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    rotation: int = 0,
    times_ms: list[int] | None = None,
    audio: bool = False,
) -> Path:
    with _same_priority(), av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps, options=options or {})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pix_fmt
        stream.thread_count = 1
        if rotation:
            stream.set_display_rotation(rotation)
        if times_ms:
            stream.codec_context.time_base = Fraction(1, 1000)
        sound = container.add_stream("aac", rate=16000, layout="mono") if audio else None
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            if times_ms:
                frame.pts, frame.time_base = times_ms[number], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if sound is not None:
            _write_sound(container, sound)
    return path


@contextmanager
def _same_priority() -> Iterator[None]:
    """Take back the real-time priority that SVT-AV1 gives its caller under root: it would starve all else."""
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    yield
    os.sched_setscheduler(0, policy, parameters)


def write_sound(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        _write_sound(container, container.add_stream("aac", rate=16000, layout="mono"))
    return path


def _write_sound(container: av.container.OutputContainer, stream: av.AudioStream) -> None:
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
    frame.sample_rate, frame.pts = 16000, 0
    container.mux(stream.encode(frame))
    container.mux(stream.encode())


def write_coded(path: Path, count: int = 30, codec: str = "libx264", **settings) -> Path:
    size = settings.pop("size", (128, 64))
    return write_pictures(path, [coded_picture(i + 1, *size) for i in range(count)], codec, **settings)


def damage_packet(path: Path, place: int) -> None:
    """Overwrite all but the first bytes of a packet, by its place in decoding order."""
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    start, size = packets[place]
    data[start + 4 : start + size] = b"\xff" * (size - 4)
    path.write_bytes(data)
