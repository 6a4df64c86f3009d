"""The decoded facts of a video: what is really in the file, not what its header says."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from sora.errors import VideoError
from sora.video.container import DecodeBreak, decode, open_video
from sora.video.part import decode_part
from sora.video.read import WHOLE, Window

VERSION = 1  # raise it when any fact of an unchanged file changes
THUMBNAIL_WIDTH_PX = 160
_TINY_PX = 32
_BLACK_LEVEL = 16  # of 255: mean grey below it is a black frame
_WHITE_LEVEL = 250  # likewise above it; white backgrounds lie at 240
_FROZEN_LEVELS = 3  # largest difference to the frame before, on the tiny frame


@dataclass(frozen=True)
class VideoFacts:
    """Facts of one video; ``error`` is empty for a video that is readable to its end.

    Sizes are in pixels as shown, after rotation. Shares are in [0, 1], of the frames decoded before the
    first error. ``decoded_share`` is the share of the declared duration that decodes without error.
    """

    num_frames_declared: int = 0
    num_frames_decoded: int = 0
    num_frames_recoverable: int = 0
    width: int = 0
    height: int = 0
    fps: float = 0.0
    duration_seconds: float = 0.0
    video_codec: str = ""
    rotation: int = 0
    is_variable_rate: bool = False
    has_audio: bool = False
    decoded_share: float = 0.0
    mean_brightness: float = 0.0
    black_share: float = 0.0
    overexposed_share: float = 0.0
    frozen_share: float = 0.0
    perceptual_hash: str = ""
    error: str = ""


def probe(path: Path) -> VideoFacts:
    """Decode every frame of ``path`` and return its facts; never raises for a bad file."""
    return probe_with_thumbnail(path)[0]


def probe_with_thumbnail(path: Path, window: Window = WHOLE) -> tuple[VideoFacts, bytes]:
    """Return the facts and a JPEG thumbnail from the second half of the video (empty if none decodes).

    Of a part, ``num_frames_declared`` is 0: containers do not tell it.
    """
    try:
        with open_video(path) as (container, stream):
            if window == WHOLE:
                return _probe_stream(container, stream, decode(container, stream, past_errors=True))
            return _probe_stream(container, stream, decode_part(path, window, past_errors=True), window)
    except VideoError as error:
        return VideoFacts(error=str(error)), b""


def _probe_stream(
    container: InputContainer,
    stream: VideoStream,
    items: Iterable[av.VideoFrame | DecodeBreak],
    window: Window = WHOLE,
) -> tuple[VideoFacts, bytes]:
    tally = _Tally()
    for item in items:
        tally.add(item)
    decoded_seconds = tally.seconds(stream)
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
        **tally.picture_facts(),
    )
    return facts, tally.thumbnail_jpeg()


class _Tally:
    """What is gathered in one pass, in memory that does not grow with the pictures."""

    def __init__(self) -> None:
        self.num_decoded = 0
        self.num_recoverable = 0
        self.error = ""
        self.rotation = 0
        self.shown_size_px = (0, 0)
        self._times: list[int] = []
        self._num_black = self._num_white = self._num_frozen = 0
        self._previous: np.ndarray | None = None
        self._sum = np.zeros((_TINY_PX, _TINY_PX))
        self._thumbnail: np.ndarray | None = None

    def add(self, item: av.VideoFrame | DecodeBreak) -> None:
        if isinstance(item, DecodeBreak):
            self.error = self.error or f"breaks after frame {self.num_decoded}: {item.reason}"
            return
        self.num_recoverable += 1
        if not self.error:
            self._add_frame(item)

    def _add_frame(self, frame: av.VideoFrame) -> None:
        self.num_decoded += 1
        if frame.pts is not None:
            self._times.append(frame.pts)
        self.rotation = frame.rotation
        turned = frame.rotation % 180 != 0
        self.shown_size_px = (frame.height, frame.width) if turned else (frame.width, frame.height)
        self._add_picture(frame.reformat(_TINY_PX, _TINY_PX, "gray", interpolation="AREA").to_ndarray())
        if self.num_decoded & (self.num_decoded - 1) == 0:  # the last power of two lies in the second half
            self._thumbnail = _thumbnail(frame)

    def _add_picture(self, tiny: np.ndarray) -> None:
        brightness = tiny.mean()
        self._num_black += int(brightness < _BLACK_LEVEL)
        self._num_white += int(brightness > _WHITE_LEVEL)
        if self._previous is not None:
            self._num_frozen += int(cv2.absdiff(tiny, self._previous).max() < _FROZEN_LEVELS)
        self._previous = tiny
        self._sum += tiny

    def seconds(self, stream: VideoStream) -> float:
        if not self._times:
            return float(self.num_decoded / stream.average_rate) if stream.average_rate else 0.0
        last_frame = 1 / stream.average_rate if stream.average_rate else Fraction(0)
        return float((max(self._times) - min(self._times)) * (stream.time_base or 0) + last_frame)

    def is_variable_rate(self) -> bool:
        """Whether frame intervals differ by more than what rounding to the time base explains."""
        gaps = np.diff(np.sort(self._times))
        return bool(len(gaps) and gaps.max() - gaps.min() > max(1, 0.1 * float(np.median(gaps))))

    def picture_facts(self) -> dict[str, Any]:
        """Shares in [0, 1], brightness in [0, 1], hash as 16 hexadecimal digits."""
        count = max(self.num_decoded, 1)
        mean_picture = self._sum / count
        return {
            "mean_brightness": round(float(mean_picture.mean()) / 255, 4),
            "black_share": round(self._num_black / count, 4),
            "overexposed_share": round(self._num_white / count, 4),
            "frozen_share": round(self._num_frozen / max(count - 1, 1), 4),
            "perceptual_hash": perceptual_hash(mean_picture) if self.num_decoded else "",
        }

    def thumbnail_jpeg(self) -> bytes:
        if self._thumbnail is None:
            return b""
        upright = np.rot90(self._thumbnail, self.rotation // 90)
        return cv2.imencode(".jpg", upright[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


def perceptual_hash(grey: np.ndarray) -> str:
    """Return the 64-bit DCT hash of a square grey picture as 16 hexadecimal digits.

    The signs of the 8 x 8 lowest frequencies about their median (Zauner, "Implementation and benchmarking
    of perceptual image hash functions", 2010).
    """
    low = cv2.dct(np.asarray(grey, np.float32))[:8, :8].ravel()
    bits = low > np.median(low[1:])
    return np.packbits(bits).tobytes().hex()


def _thumbnail(frame: av.VideoFrame) -> np.ndarray:
    height = max(2, round(frame.height * THUMBNAIL_WIDTH_PX / frame.width))
    return frame.reformat(THUMBNAIL_WIDTH_PX, height, "rgb24", interpolation="AREA").to_ndarray()


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
