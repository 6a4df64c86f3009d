"""What a video file says of itself; light to import, for every child that reads videos pays."""

from pathlib import Path
from typing import NamedTuple

import av
from av.video.stream import VideoStream

from sora.video.container import open_video


class Declared(NamedTuple):
    """What is known of a file before any of it is decoded.

    Attributes:
        seconds: how long it may last; 0 where it does not say.
        facts: those of ``sora.drift.facts`` that need no decoding, equal to what ``sora.video.probe`` finds.
            Size and rotation are not among them: only a decoded frame tells how a video is shown.
    """

    seconds: float
    facts: dict[str, float | str]


def declared(path: Path) -> Declared:
    """Return what a file says of itself, without reading it.

    Raises:
        VideoError: it is no video.
    """
    with open_video(path) as (container, stream):
        of_container = float(container.duration or 0) / av.time_base
        seconds = _seconds(stream) or of_container
        facts: dict[str, float | str] = {
            "fps": round(float(stream.average_rate or stream.guessed_rate or 0), 4),
            "video_codec": stream.codec_context.codec.canonical_name,
            "has_audio": str(bool(container.streams.audio)),
        }
    return Declared(max(seconds, of_container), facts | _lengths(path, round(seconds, 4)))


def _seconds(stream: VideoStream) -> float:
    return float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0


def _lengths(path: Path, seconds: float) -> dict[str, float | str]:
    if not seconds:
        return {}
    return {"duration_seconds": seconds, "bitrate_kbps": round(path.stat().st_size / 125 / seconds, 3)}
