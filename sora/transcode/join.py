"""All parts of a run as one file: nothing is coded again."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from sora.atomic import sync
from sora.errors import SoraError
from sora.transcode.coding import Target
from sora.transcode.container import add_streams, copied_packets, format_of, interleaved, open_output
from sora.transcode.parts import Parts
from sora.transcode.source import Source
from sora.video.container import open_video


def join(parts: Parts, target: Target, output: Path, end_seconds: float) -> None:
    """Write the coded frames of all parts, and all else of the source as it is; ``output`` is replaced.

    The file is written among the parts, and durable when it gets its name: they can be removed then.

    Raises:
        SoraError: the parts are of another version of the encoder.
    """
    form = format_of(output, target.coding)
    with (
        open_video(target.source.path) as (source, main),
        open_output(parts.whole, form) as file,
    ):
        layout = add_streams(file, source, main, target)
        file.start_encoding()
        packets = _coded_packets(parts, layout.video, target.source)
        for packet in interleaved(packets, copied_packets(source, layout, target.source.origin, end_seconds)):
            file.mux(packet)
    sync(parts.whole)
    parts.whole.replace(output)
    sync(output.parent)


def _coded_packets(parts: Parts, stream: av.VideoStream, source: Source) -> Iterator[av.Packet]:
    times = parts.times()
    pts = np.concatenate(times)
    dts, durations = decoding_times(pts, source.step), _durations(pts, source.step)
    place = 0
    for number in range(parts.count):
        part = parts.packets(number)
        if part.header.tobytes() != stream.codec_context.extradata:
            raise SoraError(f"{parts.root}: holds parts of another encoder; delete the folder and run again")
        for payload, is_key in zip(part.payloads(), part.is_key.tolist(), strict=True):
            packet = av.Packet(payload)
            packet.pts, packet.dts = int(pts[place]), int(dts[place])
            packet.duration, packet.time_base = int(durations[place]), source.time_base
            packet.is_keyframe, packet.stream = is_key, stream
            place += 1
            yield packet


def decoding_times(pts: np.ndarray, step: int) -> np.ndarray:
    """Return when to decode frames, rising and never after they are shown.

    Args:
        pts: int64 (N,), when each is shown, in decoding order.
        step: the usual time between two frames; so far apart are times before the first.

    Returns:
        int64 (N,): the same times in order, later by as many frames as a frame is ever decoded ahead.
    """
    shown = np.sort(pts)
    place = np.arange(len(pts))
    delay = int((place - np.searchsorted(shown, pts)).max())
    before = shown[0] - step * np.arange(delay, 0, -1)
    return np.concatenate([before, shown])[: len(pts)]


def _durations(pts: np.ndarray, step: int) -> np.ndarray:
    shown = np.sort(pts)
    lengths = np.diff(shown, append=shown[-1] + step)
    return lengths[np.searchsorted(shown, pts)]
