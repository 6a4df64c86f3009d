"""The video that is worked on: its facts, and its frames in order with their exact times."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from pathlib import Path
from typing import NamedTuple

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from sora.errors import VideoError
from sora.transcode.colours import Colours, Orientation, ToRGB, colours_of, orientation_of
from sora.transcode.effect import Frame
from sora.video.container import DecodeBreak, decode, open_video
from sora.video.index import scan_packets

# Their clocks begin anywhere; a player shows the first moment as 0.
_FREE_RUNNING = frozenset({"mpegts", "mpeg"})
_RATE_IF_UNKNOWN = Fraction(25)


@dataclass(frozen=True)
class Source:
    """Facts of a video.

    Attributes:
        path: the file.
        width, height: of a frame as shown, in its own pixels.
        pixel_aspect: width of a shown pixel by its height.
        stored_size: width and height before turning.
        orientation: how stored frames are turned to be shown.
        colours: how its numbers are meant.
        bits: of each colour.
        time_base: the unit of times, in seconds.
        rate: frames per second, about.
        origin: what is taken away from all times, in seconds.
        num_frames: how many there are, by the packets.
    """

    path: Path
    width: int
    height: int
    pixel_aspect: Fraction
    stored_size: tuple[int, int]
    orientation: Orientation
    colours: Colours
    bits: int
    time_base: Fraction
    rate: Fraction
    origin: Fraction
    num_frames: int

    @property
    def step(self) -> int:
        """The usual time from frame to frame, in units of the time base, at least 1."""
        return max(1, round(1 / (self.rate * self.time_base)))


class Picture(NamedTuple):
    """A frame with its exact time, in units of the source's time base."""

    pts: int
    frame: Frame


def read_source(path: Path) -> Source:
    """Return the facts of a video; one frame is decoded.

    Raises:
        VideoError: it cannot be read, no frame decodes, or there are too many of them.
    """
    with open_video(path) as (container, stream):
        table = scan_packets(container, stream)
    with open_video(path) as (container, stream):
        frame = next((item for item in decode(container, stream, past_errors=True) if _is_frame(item)), None)
        if not isinstance(frame, av.VideoFrame):
            raise VideoError("no frame decodes")
        orientation = orientation_of(frame)
        size, aspect = (frame.width, frame.height), stream.sample_aspect_ratio or Fraction(1)
        if orientation.swaps:
            size, aspect = (frame.height, frame.width), 1 / aspect
        rate = stream.average_rate or stream.guessed_rate or _RATE_IF_UNKNOWN
        return Source(
            path=path,
            width=size[0],
            height=size[1],
            pixel_aspect=aspect,
            stored_size=(frame.width, frame.height),
            orientation=orientation,
            colours=colours_of(frame),
            bits=frame.format.components[0].bits,
            time_base=stream.time_base or 1 / rate,
            rate=Fraction(rate),
            origin=_origin(container),
            num_frames=int(table.is_shown.sum()),
        )


class Reader:
    """Reads the frames of a source from the first on, in memory that does not grow.

    What is not wanted is decoded too, for this leads to the same pixels in every container; it costs little
    beside any effect. Reading goes on past errors.

    Attributes:
        num_breaks: where decoding failed so far, in the latest pass.
    """

    def __init__(self, source: Source, end_seconds: float = inf) -> None:
        """Frames that are shown ``end_seconds`` after the first or later are left out."""
        self._source, self._end_seconds = source, end_seconds
        self.num_breaks = 0

    def pictures(self, first: int = 0) -> Iterator[Picture]:
        """Yield all pictures from number ``first`` on."""
        self.num_breaks = 0
        source = self._source
        to_rgb = ToRGB(*source.stored_size, source.colours, source.orientation)
        previous = None
        start: int | None = None
        with open_video(source.path) as (container, stream):
            for number, (pts, frame) in enumerate(self._timed(container, stream)):
                start = pts if start is None else start
                seconds = float((pts - start) * source.time_base)
                if seconds >= self._end_seconds:
                    return
                if number >= first - 1:
                    pixels = to_rgb(frame)
                    if number >= first:
                        yield Picture(pts, Frame(number, seconds, pixels, previous))
                    previous = pixels

    def _timed(self, container: InputContainer, stream: VideoStream) -> Iterator[tuple[int, av.VideoFrame]]:
        """Yield frames with rising times; those without one follow at the usual rate."""
        origin = round(self._source.origin / self._source.time_base)
        last: int | None = None
        for item in decode(container, stream, past_errors=True):
            if isinstance(item, DecodeBreak):
                self.num_breaks += 1
                continue
            if item.pts is not None:
                pts = item.pts - origin
            else:
                pts = 0 if last is None else last + self._source.step
            last = pts if last is None else max(pts, last + 1)
            yield last, item


def _is_frame(item: av.VideoFrame | DecodeBreak) -> bool:
    return isinstance(item, av.VideoFrame)


def _origin(container: InputContainer) -> Fraction:
    is_free = bool(_FREE_RUNNING & set(container.format.name.split(",")))
    return Fraction(container.start_time or 0, av.time_base) if is_free else Fraction(0)
