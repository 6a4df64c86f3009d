"""Decoding a part of a video from the key frame before it, so that the parts of a film cost one film."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from sora.video.container import DecodeBreak, decode, open_video, packets
from sora.video.read import Window, timed

Item = av.VideoFrame | DecodeBreak


def decode_part(path: Path, window: Window, *, past_errors: bool = False) -> Iterator[Item]:
    """Yield the frames of ``window`` in display order, and the breaks among them.

    They are those that ``iterate_frames`` gives for the same window. Where seeking cannot be trusted, the
    file is read from its first frame.

    Raises:
        VideoError: the file cannot be opened.
    """
    if window.start_seconds:
        with open_video(path) as (container, stream):
            origin = _seek(container, stream, window.start_seconds)
            if origin is not None:
                items = decode(container, stream, past_errors=past_errors)
                yield from _inside(((item, _seconds(item, origin)) for item in items), window)
                return
    with open_video(path) as (container, stream):
        yield from _inside(timed(container, stream, past_errors=past_errors), window)


def _seek(container: InputContainer, stream: VideoStream, start_seconds: float) -> float | None:
    """Go to the last key frame that comes no later; return the time stamp of the first frame, in seconds.

    None means that the container did not go there, or that its frames have no time stamps.
    """
    first = next((item for item in decode(container, stream) if isinstance(item, av.VideoFrame)), None)
    if first is None or first.pts is None or first.time is None or not stream.time_base:
        return None
    target = first.pts + int(start_seconds / stream.time_base)
    try:
        container.seek(target, stream=stream)
        read = (packet for packet in packets(container, stream) if isinstance(packet, av.Packet))
        packet = next(read, None)
        if packet is None or not packet.is_keyframe or packet.pts is None or packet.pts > target:
            return None
        container.seek(target, stream=stream)
    except av.error.FFmpegError:
        return None
    return first.time


def _seconds(item: Item, origin: float) -> float | None:
    return None if isinstance(item, DecodeBreak) or item.time is None else item.time - origin


def _inside(items: Iterable[tuple[Item, float | None]], window: Window) -> Iterator[Item]:
    for item, seconds in items:
        if isinstance(item, DecodeBreak):
            yield item
        elif seconds is not None and seconds >= window.end_seconds:
            return
        elif seconds is not None and seconds >= window.start_seconds:
            yield item
