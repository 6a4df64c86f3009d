"""The file around the coded frames: what it can hold, and what of the source goes into it unchanged."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
from av.container import InputContainer, OutputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from sora.errors import SoraError, VideoError
from sora.transcode.coding import Coding, Target, configure, container_tag
from sora.video.container import open_video

FORMATS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}
_KEPT_OF_STREAMS = ("language", "title", "handler_name", "creation_time")
_MOST_FALLING_SECONDS = 1  # what is less is put right; more would be felt
_WRITTEN_ANEW = ("major_brand", "minor_version", "compatible_brands", "encoder")  # of a container


@dataclass(frozen=True)
class Layout:
    """The streams of an output: the coded one, copies by the place of their source, what is missing."""

    video: VideoStream
    copies: dict[int, Stream]
    dropped: list[str]


def format_of(output: Path, coding: Coding) -> str:
    """Return FFmpeg's name of the container that a file name asks for.

    Raises:
        SoraError: it is none of ours.
    """
    name = FORMATS.get(output.suffix.lower())
    if name is None:
        codec = {"h264": "H.264", "hevc": "HEVC"}[coding.codec]
        raise SoraError(f"{output}: expected a name that ends in {', '.join(FORMATS)}, which hold {codec}")
    return name


def open_output(path: Path, format_name: str) -> OutputContainer:
    """Open a file to be written; no dates and no random numbers go into it."""
    options = {"fflags": "+bitexact"}
    if format_name in ("mp4", "mov"):
        options["movflags"] = "+faststart"
    return av.open(str(path), "w", format=format_name, options=options)


def check_streams(target: Target, output: Path) -> list[str]:
    """Return the streams of a source that the output cannot hold, in words; nothing is written.

    Raises:
        SoraError: the sound is among them, or the coder cannot do with the size.
        VideoError: the source cannot be read, or its times jump back.
    """
    with (
        open_video(target.source.path) as (source, main),
        av.open(BytesIO(), "w", format=format_of(output, target.coding)) as file,
    ):
        layout = add_streams(file, source, main, target)
        try:
            file.start_encoding()
        except av.error.FFmpegError as error:
            raise SoraError(
                f"{output}: {file.format.name} cannot hold this video ({error.strerror})"
            ) from error
        _check_times(source, [main, *(source.streams[place] for place in layout.copies)])
        return layout.dropped


def add_streams(file: OutputContainer, source: InputContainer, main: VideoStream, target: Target) -> Layout:
    """Add the coded stream and copies of the others, in the order of the source, with names and chapters.

    Raises:
        SoraError: the container cannot hold the sound.
    """
    copies: dict[int, Stream] = {}
    dropped: list[str] = []
    video: VideoStream | None = None
    for stream in source.streams:
        if stream.index == main.index:
            video = _add_coded(file, target)
            copied: Stream | None = video
        else:
            copied = _copy_of(file, stream)
        if copied is None:
            dropped.append(f"{stream.type} ({_codec(stream)})" if stream.codec_context else stream.type)
            continue
        if stream.index != main.index:
            copies[stream.index] = copied
        copied.metadata.update({k: v for k, v in stream.metadata.items() if k in _KEPT_OF_STREAMS})
        copied.disposition = stream.disposition
    assert video is not None
    file.metadata.update({k: v for k, v in source.metadata.items() if k not in _WRITTEN_ANEW})
    file.set_chapters(source.chapters())
    return Layout(video, copies, dropped)


def copied_packets(
    source: InputContainer, layout: Layout, origin: Fraction, end_seconds: float
) -> Iterator[av.Packet]:
    """Yield the packets of the copied streams as they lie in the file, up to ``end_seconds``."""
    wanted = [stream for stream in source.streams if stream.index in layout.copies]
    latest: dict[int, int] = {}
    for packet in _readable(source, wanted) if wanted else ():
        if packet.size and _seconds(packet) - origin < end_seconds:
            copy = layout.copies[packet.stream_index]
            _shift(packet, origin)
            _let_rise(packet, copy, latest)
            packet.stream = copy
            yield packet


def _readable(source: InputContainer, streams: list[Stream]) -> Iterator[av.Packet]:
    """Yield packets until the file is at its end, or damaged so that nothing can be told apart any more."""
    with suppress(av.error.FFmpegError, IndexError):  # as in sora.video.container.packets
        yield from source.demux(streams)


def _check_times(source: InputContainer, streams: list[Stream]) -> None:
    """Raise VideoError where a decoding time falls back by more than can be put right."""
    latest: dict[int, int] = {}
    for packet in _readable(source, streams):
        if packet.dts is None:
            continue
        before = latest.get(packet.stream_index, packet.dts)
        if (before - packet.dts) * packet.time_base > _MOST_FALLING_SECONDS:
            raise VideoError(
                f"its clock jumps back at {float(before * packet.time_base):.1f} s, as where recordings were "
                "joined; write it anew first: ffmpeg -i IN -c copy OUT"
            )
        latest[packet.stream_index] = max(before, packet.dts)


def _let_rise(packet: av.Packet, copy: Stream, latest: dict[int, int]) -> None:
    """Put a packet behind the one before it of its stream, where FFmpeg's muxers demand that.

    They let subtitles, and all streams in Matroska, share a time. A step there would add up: Matroska's
    clock is coarse, and the packets of some sound are shorter than its tick.
    """
    if packet.dts is None:
        return
    if packet.stream_index in latest:
        may_share = copy.type == "subtitle" or copy.container.format.name == "matroska"
        packet.dts = max(packet.dts, latest[packet.stream_index] + (not may_share))
        packet.pts = None if packet.pts is None else max(packet.pts, packet.dts)
    latest[packet.stream_index] = packet.dts


def interleaved(video: Iterable[av.Packet], copies: Iterable[av.Packet]) -> Iterator[av.Packet]:
    """Yield the packets of both, by their times; each keeps its order."""
    video, copies = iter(video), iter(copies)
    coded, copied = next(video, None), next(copies, None)
    while coded is not None or copied is not None:
        if copied is None or (coded is not None and _seconds(coded) <= _seconds(copied)):
            assert coded is not None
            yield coded
            coded = next(video, None)
        else:
            yield copied
            copied = next(copies, None)


def _add_coded(file: OutputContainer, target: Target) -> VideoStream:
    stream = file.add_stream(target.coding.encoder, rate=target.source.rate)
    assert isinstance(stream, VideoStream)
    configure(stream.codec_context, target)
    stream.time_base = target.source.time_base
    tag = container_tag(target.coding.codec, file.format.name)
    if tag:
        stream.codec_context.codec_tag = tag
    return stream


def _copy_of(file: OutputContainer, stream: Stream) -> Stream | None:
    """Add a copy of a stream; None where the container cannot hold it."""
    if stream.type == "audio" and stream.codec_context is None:
        raise VideoError("its sound has a codec that this build of FFmpeg lacks; convert it, or take it out")
    try:
        return file.add_stream_from_template(stream, opaque=True) if _fits(file, stream) else None
    except ValueError as error:  # PyAV's answer to a codec that the container cannot hold
        if stream.type == "audio":
            raise SoraError(
                f"the sound ({_codec(stream)}) cannot be copied into {file.format.name}; use .mkv"
            ) from error
        return None


def _fits(file: OutputContainer, stream: Stream) -> bool:
    """Whether a stream may be tried; FFmpeg tells only for sound and pictures before it fails."""
    is_matroska = file.format.name == "matroska"
    if stream.type == "attachment":
        return is_matroska
    if stream.codec_context is None:
        return False
    return stream.type != "subtitle" or is_matroska != (_codec(stream) == "mov_text")


def _codec(stream: Stream) -> str:
    return stream.codec_context.codec.canonical_name


def _seconds(packet: av.Packet) -> float:
    stamp = packet.pts if packet.dts is None else packet.dts
    return float((stamp or 0) * packet.time_base)


def _shift(packet: av.Packet, origin: Fraction) -> None:
    ticks = round(origin / packet.time_base)
    packet.pts = None if packet.pts is None else packet.pts - ticks
    packet.dts = None if packet.dts is None else packet.dts - ticks
