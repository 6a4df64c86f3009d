"""Files of every codec, depth, rotation, rate and damage that people have; each frame shows its own index."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from coded_clips import coded_picture, write_coded, write_pictures

NUM_FRAMES = 40
X265 = {"x265-params": "log-level=none:keyint=10:bframes=3:no-open-gop=1"}
OPEN_X265 = {"x265-params": "log-level=none:keyint=10:min-keyint=10:bframes=3:open-gop=1"}
VPX = {"cpu-used": "8", "deadline": "realtime", "g": "10"}
AV1 = {"preset": "8", "crf": "20", "svtav1-params": "keyint=10"}
GOP = {"g": "10", "bf": "3", "x264-params": "b-adapt=0"}


@dataclass(frozen=True)
class Case:
    """How to write a file, and what is in it."""

    name: str
    write: Callable[[Path], Path]
    num_frames: int = NUM_FRAMES
    size: tuple[int, int] = (128, 64)


def _coded(name: str, codec: str, size: tuple[int, int] = (128, 64), **settings) -> Case:
    write = functools.partial(write_coded, count=NUM_FRAMES, codec=codec, size=size, **settings)
    return Case(name, write, size=size)


def _turned(rotation: int) -> Case:
    stored = [
        np.ascontiguousarray(np.rot90(coded_picture(i + 1), -rotation // 90)) for i in range(NUM_FRAMES)
    ]
    write = functools.partial(write_pictures, pictures=stored, rotation=rotation)
    return Case(f"rotated_{rotation}.mp4", write)


def _variable_rate(path: Path) -> Path:
    gaps = np.random.default_rng(0).choice([20, 40, 60, 200], NUM_FRAMES)
    return write_coded(path, NUM_FRAMES, times_ms=np.cumsum(gaps).tolist(), options=GOP)


def copied_packets(source: Path, target: Path, keep: Callable[[int], bool]) -> Path:
    """Copy the packets for whose place, in decoding order, ``keep`` is true."""
    with av.open(str(source)) as given, av.open(str(target), "w") as written:
        stream = written.add_stream_from_template(given.streams.video[0])
        for place, packet in enumerate(given.demux(video=0)):
            if packet.size and keep(place):
                packet.stream = stream
                written.mux(packet)
    return target


def write_without_start(path: Path) -> Path:
    """Begin with an open group of pictures whose first pictures refer to what is no longer there."""
    whole = write_coded(path.with_suffix(".whole.mkv"), NUM_FRAMES, "libx265", options=OPEN_X265)
    with av.open(str(whole)) as container:
        keys = [i for i, p in enumerate(container.demux(video=0)) if p.size and p.is_keyframe]
    return copied_packets(whole, path, lambda place: place >= keys[1])


CASES = [
    _coded("h264_b.mp4", "libx264", options=GOP),
    _coded("h264_long_gop.mkv", "libx264", options={"g": "250", "bf": "3"}),
    _coded("h264_intra.mov", "libx264", options={"g": "1"}),
    _coded("h264_open_gop.mp4", "libx264", options={**GOP, "x264-params": "b-adapt=0:open-gop=1:bframes=3"}),
    _coded(
        "h264_pyramid.mkv",
        "libx264",
        options={"g": "20", "x264-params": "b-pyramid=normal:bframes=5:b-adapt=0"},
    ),
    _coded("h264_10_bit.mp4", "libx264", pix_fmt="yuv420p10le", options=GOP),
    _coded("h264_444_odd.mkv", "libx264", (129, 67), pix_fmt="yuv444p"),
    _coded("h264_422.mov", "libx264", pix_fmt="yuv422p"),
    _coded("h264_full_range.mp4", "libx264", pix_fmt="yuvj420p", options=GOP),
    _coded("h264.avi", "libx264", options={"bf": "0"}),
    _coded("h264_sound.mp4", "libx264", options=GOP, audio=True),
    _coded("h264.ts", "libx264", options=GOP),
    _coded("h264.flv", "libx264", options=GOP),
    _coded("hevc.mp4", "libx265", options=X265),
    _coded("hevc_open_gop.mkv", "libx265", options=OPEN_X265),
    _coded("hevc_10_bit.mp4", "libx265", pix_fmt="yuv420p10le", options=X265),
    _coded("vp8.webm", "libvpx", options=VPX),
    _coded(
        "vp8_hidden_frames.webm",
        "libvpx",
        options={"auto-alt-ref": "1", "lag-in-frames": "16", "g": "20", "deadline": "good", "cpu-used": "5"},
    ),
    _coded("vp9.webm", "libvpx-vp9", options=VPX),
    _coded("vp9_odd.webm", "libvpx-vp9", (129, 67), options=VPX),
    _coded(
        "vp9_hidden_frames.mkv",
        "libvpx-vp9",
        options={"auto-alt-ref": "1", "lag-in-frames": "16", "g": "20", "deadline": "good", "cpu-used": "5"},
    ),
    _coded("av1.mkv", "libsvtav1", options=AV1),
    _coded("av1_10_bit.mp4", "libsvtav1", pix_fmt="yuv420p10le", options=AV1),
    _coded("mpeg1.mpg", "mpeg1video", options={"bf": "2", "g": "10"}),
    _coded("mpeg2.mpg", "mpeg2video", options={"bf": "2", "g": "10"}),
    _coded("mpeg2.ts", "mpeg2video", options={"bf": "2", "g": "10"}),
    _coded("mpeg4.avi", "mpeg4", options={"bf": "0"}),
    _coded("mpeg4_b.avi", "mpeg4", options={"bf": "2"}),
    _coded("mpeg4_b.mp4", "mpeg4", options={"bf": "2", "g": "10"}),
    _coded("msmpeg4.avi", "msmpeg4"),
    _coded("wmv2.wmv", "wmv2"),
    _coded("flv1.flv", "flv"),
    _coded("mjpeg.avi", "mjpeg", pix_fmt="yuvj420p"),
    _coded("mjpeg_odd.mov", "mjpeg", (129, 67), pix_fmt="yuvj420p"),
    _coded("prores.mov", "prores_ks", pix_fmt="yuv422p10le"),
    _coded("ffv1.mkv", "ffv1"),
    _coded("animation.gif", "gif", pix_fmt="rgb8"),
    _coded("60_fps.mp4", "libx264", fps=60, options=GOP),
    *(_turned(angle) for angle in (90, -90, 180)),
    Case("variable_rate.mkv", _variable_rate),
]
