"""How the result is coded: H.264 or HEVC, in bytes that are the same every time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import av
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext

from sora.transcode.source import Source

Codec: TypeAlias = Literal["h264", "hevc"]
DEFAULT_QUALITY: dict[Codec, int] = {"h264": 18, "hevc": 21}
_ENCODERS: dict[Codec, str] = {"h264": "libx264", "hevc": "libx265"}
_OPTIONS: dict[Codec, dict[str, str]] = {
    # x264's macroblock tree gives other bytes from run to run, even on one thread.
    "h264": {"preset": "fast", "mbtree": "0"},
    "hevc": {"preset": "fast", "x265-params": "log-level=none:pools=none:frame-threads=1"},
}
_APPLE_TAG = "hvc1"  # for HEVC; what Apple's players want to see in MP4 and QuickTime


@dataclass(frozen=True)
class Coding:
    """The codec and its constant rate factor: 0 (best) to 51; None: one that hardly shows."""

    codec: Codec = "h264"
    quality: int | None = None

    @property
    def rate_factor(self) -> int:
        """The constant rate factor that is used."""
        return DEFAULT_QUALITY[self.codec] if self.quality is None else self.quality

    @property
    def encoder(self) -> str:
        """FFmpeg's name of the encoder."""
        return _ENCODERS[self.codec]


@dataclass(frozen=True)
class Target:
    """What is coded: frames of ``width`` x ``height`` px with the times and colours of ``source``."""

    source: Source
    coding: Coding
    width: int
    height: int

    @property
    def pixel_format(self) -> str:
        """FFmpeg's name; 4:2:0 has no odd sizes, and players would show a padded picture padded."""
        return "yuv444p" if self.width % 2 or self.height % 2 else "yuv420p"


def configure(context: VideoCodecContext, target: Target) -> None:
    """Prepare an encoder that is not open yet; equal arguments make encoders that join without a seam."""
    source, coding = target.source, target.coding
    context.width, context.height, context.pix_fmt = target.width, target.height, target.pixel_format
    context.time_base, context.framerate = source.time_base, source.rate
    context.sample_aspect_ratio = source.pixel_aspect
    context.color_range, context.colorspace = source.colours.range, source.colours.space
    context.color_primaries, context.color_trc = source.colours.primaries, source.colours.transfer
    context.options = {**_OPTIONS[coding.codec], "crf": str(coding.rate_factor)}
    context.flags |= Flags.global_header
    context.thread_count = 1


def open_encoder(target: Target) -> VideoCodecContext:
    """Return an encoder of packets alone, for no container."""
    context = av.CodecContext.create(target.coding.encoder, "w")
    assert isinstance(context, VideoCodecContext)
    configure(context, target)
    return context


def container_tag(codec: Codec, format_name: str) -> str | None:
    """Return the tag to mark a stream with, where the muxer's own would not do."""
    return _APPLE_TAG if codec == "hevc" and format_name in ("mp4", "mov") else None


def encode(context: VideoCodecContext, frames: Iterator[av.VideoFrame]) -> Iterator[av.Packet]:
    """Yield the packets of all frames, in decoding order."""
    for frame in frames:
        yield from context.encode(frame)
    yield from context.encode(None)
