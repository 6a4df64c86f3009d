"""The decoded facts of a video: what is really in the file, not what its header says."""

from array import array
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from sora.errors import VideoError
from sora.video.container import DecodeBreak, decode, open_video
from sora.video.facts import VideoFacts
from sora.video.index import scan_packets
from sora.video.part import decode_part
from sora.video.read import WHOLE, Window
from sora.video.tally import PictureTally

VERSION = 2  # raise it when any fact of an unchanged file changes
_RATE_IF_UNKNOWN = 25  # frames per second, for streams that give neither times nor a rate


def probe(path: Path) -> VideoFacts:
    """Decode every frame of ``path`` and return its facts; never raises for a bad file."""
    return probe_with_thumbnail(path)[0]


def probe_with_thumbnail(path: Path, window: Window = WHOLE) -> tuple[VideoFacts, bytes]:
    """Return the facts and the thumbnail strip (see ``sora.video.strip``; empty if nothing decodes).

    Of a part, ``num_frames_declared`` is 0: containers do not tell it.
    """
    try:
        if window != WHOLE:
            with open_video(path) as (container, stream):
                return _probe_stream(container, stream, decode_part(path, window, past_errors=True), window)
        with open_video(path) as (container, stream):
            scan_packets(container, stream)  # refuses what is too long to decode
        with open_video(path) as (container, stream):
            return _probe_stream(container, stream, decode(container, stream, past_errors=True))
    except VideoError as error:
        return VideoFacts(error=str(error)), b""


def declared_seconds(path: Path) -> float:
    """Return how long a file says that it lasts, without reading it; 0 where it does not say.

    Raises:
        VideoError: it is no video.
    """
    with open_video(path) as (container, stream):
        return max(_declared_seconds(container, stream), float(container.duration or 0) / av.time_base)


def _probe_stream(
    container: InputContainer,
    stream: VideoStream,
    items: Iterable[av.VideoFrame | DecodeBreak],
    window: Window = WHOLE,
) -> tuple[VideoFacts, bytes]:
    tally = _Tally(stream)
    for item in items:
        tally.add(item)
    decoded_seconds = tally.seconds()
    declared_frames = stream.frames if window == WHOLE else 0
    declared_seconds = _declared_seconds(container, stream)
    if tally.error and stream.average_rate:  # FFmpeg shortens the duration of an AVI that was cut
        declared_seconds = max(declared_seconds, float(stream.frames / stream.average_rate))
    if window != WHOLE:  # frames need not begin and end where the part does
        of_part = max(0.0, min(declared_seconds, window.end_seconds) - window.start_seconds)
        declared_seconds = of_part if tally.error else decoded_seconds
    facts = VideoFacts(
        num_frames_declared=declared_frames,
        num_frames_decoded=tally.num_decoded,
        num_frames_recoverable=tally.num_recoverable,
        width=tally.shown_size_px[0],
        height=tally.shown_size_px[1],
        fps=round(float(stream.average_rate or stream.guessed_rate or 0), 4),
        duration_seconds=round(declared_seconds or decoded_seconds, 4),
        video_codec=stream.codec_context.codec.canonical_name,
        rotation=tally.rotation,
        is_variable_rate=tally.is_variable_rate(),
        has_audio=bool(container.streams.audio),
        decoded_share=_decoded_share(tally, declared_frames, decoded_seconds, declared_seconds),
        error=tally.error,
        **tally.pictures.facts(),
    )
    return facts, tally.pictures.strip()


class _Tally:
    """What is gathered in one pass, in memory that does not grow with the pictures."""

    def __init__(self, stream: VideoStream) -> None:
        self.num_decoded = 0
        self.num_recoverable = 0
        self.error = ""
        self.rotation = 0
        self.shown_size_px = (0, 0)
        self.pictures = PictureTally()
        self._stream = stream
        self._times = array("q")

    def add(self, item: av.VideoFrame | DecodeBreak) -> None:
        if isinstance(item, DecodeBreak):
            self.error = self.error or f"breaks after frame {self.num_decoded}: {item.reason}"
            return
        self.num_recoverable += 1
        if not self.error:
            self._add_frame(item)

    def _add_frame(self, frame: av.VideoFrame) -> None:
        if frame.pts is not None:
            self._times.append(frame.pts)
        self.rotation = frame.rotation
        turned = frame.rotation % 180 != 0
        self.shown_size_px = (frame.height, frame.width) if turned else (frame.width, frame.height)
        self.pictures.add(frame, self._seconds_from_first(frame))
        self.num_decoded += 1

    def _seconds_from_first(self, frame: av.VideoFrame) -> float:
        if frame.pts is None or not self._stream.time_base:
            return float(self.num_decoded / (self._stream.average_rate or _RATE_IF_UNKNOWN))
        return max(0.0, float((frame.pts - self._times[0]) * self._stream.time_base))

    def seconds(self) -> float:
        rate = self._stream.average_rate
        if not self._times:
            return float(self.num_decoded / rate) if rate else 0.0
        last_frame = 1 / rate if rate else Fraction(0)
        return float((max(self._times) - min(self._times)) * (self._stream.time_base or 0) + last_frame)

    def is_variable_rate(self) -> bool:
        """Whether frame intervals differ by more than what rounding to the time base explains."""
        gaps = np.diff(np.sort(self._times))
        return bool(len(gaps) and gaps.max() - gaps.min() > max(1, 0.1 * float(np.median(gaps))))


def _declared_seconds(container: InputContainer, stream: VideoStream) -> float:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return float(container.duration or 0) / av.time_base


def _decoded_share(
    tally: _Tally, declared_frames: int, decoded_seconds: float, declared_seconds: float
) -> float:
    # Frame counts say nothing where a container counts time slots (AVI), so only a full count is trusted.
    if not tally.error and (tally.num_decoded == declared_frames or not declared_seconds):
        return float(tally.num_decoded > 0)
    if not declared_seconds:
        return round(tally.num_decoded / max(tally.num_recoverable, 1), 4)
    return round(min(1.0, decoded_seconds / declared_seconds), 4)
