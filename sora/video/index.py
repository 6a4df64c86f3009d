"""Which packet of a video carries which frame, told from the packets alone, without decoding."""

from dataclasses import dataclass

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from sora.errors import VideoError
from sora.video.container import DecodeBreak, packets

MAX_FRAMES = 500_000  # four and a half hours at 30 frames per second
NO_TIME = -(2**63)
# Decoders that give one frame, as shown, for every packet. VP8 is not one: it has packets that show nothing.
_ONE_FRAME_A_PACKET = frozenset(
    "h264 hevc av1 libdav1d vp9 mpeg1video mpeg2video mpeg4 msmpeg4 wmv1 wmv2 flv h263 gif "
    "mjpeg prores ffv1 dvvideo huffyuv ffvhuff png rawvideo cinepak".split()
)


@dataclass(frozen=True)
class PacketTable:
    """The video packets of a file in decoding order.

    Attributes:
        pts, dts: int64 (N,), in units of the stream's time base; ``NO_TIME`` where there is none.
        is_key: bool (N,).
        is_shown: bool (N,), false for what an edit list cuts away.
        is_whole: whether reading came to the end of the file.
    """

    pts: np.ndarray
    dts: np.ndarray
    is_key: np.ndarray
    is_shown: np.ndarray
    is_whole: bool

    def __len__(self) -> int:
        """Count the packets."""
        return len(self.pts)


@dataclass(frozen=True)
class FrameIndex:
    """Where each frame, in display order, is found.

    Attributes:
        table: the packets.
        times: float64 (N,), seconds from the first frame.
        packet: int64 (N,), place of the frame's packet in decoding order.
        start: int64 (N,), place of the packet from which to decode in order to get the frame.
    """

    table: PacketTable
    times: np.ndarray
    packet: np.ndarray
    start: np.ndarray


def scan_packets(container: InputContainer, stream: VideoStream) -> PacketTable:
    """Read every packet of ``stream``.

    Raises:
        VideoError: there are more than ``MAX_FRAMES``.
    """
    rows: list[tuple[int, int, bool, bool]] = []
    is_whole = True
    _refuse_more(stream.frames)  # where the header says so there is no need to count
    for packet in packets(container, stream):
        if isinstance(packet, DecodeBreak):
            is_whole = False
        elif packet.size:
            rows.append((*stamps_of(packet), packet.is_keyframe, not packet.is_discard))
            _refuse_more(len(rows))
    columns = np.array(rows, np.int64).reshape(-1, 4).T
    return PacketTable(columns[0], columns[1], columns[2] > 0, columns[3] > 0, is_whole)


def stamps_of(packet: av.Packet) -> tuple[int, int]:
    """Return the presentation and decoding time stamps, ``NO_TIME`` for one that is missing."""
    pts, dts = packet.pts, packet.dts
    return NO_TIME if pts is None else pts, NO_TIME if dts is None else dts


def index_frames(table: PacketTable, codec: str, seconds_per_unit: float) -> FrameIndex | None:
    """Return where each frame is, or None where only decoding can tell.

    That is so for damaged files, for codecs with packets that show nothing, without time stamps, and where
    the first frames cannot be decoded for want of what they refer to.
    """
    if codec not in _ONE_FRAME_A_PACKET or not table.is_whole or not table.is_shown.any():
        return None
    stamps = table.pts
    if not table.is_key[0] or stamps[0] != stamps.min() or len(np.unique(stamps)) != len(stamps):
        return None
    if stamps[0] == NO_TIME:
        return None
    shown = np.flatnonzero(table.is_shown)
    packet = shown[np.argsort(stamps[shown])]
    times = (stamps[packet] - stamps[packet[0]]) * seconds_per_unit
    return FrameIndex(table, times, packet, _starts(table.is_key, stamps, packet))


def guess_times(table: PacketTable, seconds_per_unit: float, fps: float) -> np.ndarray:
    """Return the times of the frames as far as packets tell, float64 (N,), seconds from the first."""
    if (table.pts != NO_TIME).all() and len(table):
        stamps = np.sort(table.pts[table.is_shown])
        return (stamps - stamps[:1]) * seconds_per_unit
    return np.arange(len(table)) / (fps or 25.0)


def _starts(is_key: np.ndarray, stamps: np.ndarray, packet: np.ndarray) -> np.ndarray:
    """Find for each packet the last key packet that comes no later, in decoding and in display order.

    Frames that follow a key frame in the file but are shown before it (an open group of pictures) need
    what came before that key frame.
    """
    keys = np.flatnonzero(is_key)
    nearest = np.searchsorted(keys, packet, side="right") - 1
    while (too_late := stamps[keys[nearest]] > stamps[packet]).any():
        nearest = nearest - too_late
    return keys[nearest]


def _refuse_more(num_frames: int) -> None:
    if num_frames > MAX_FRAMES:
        raise VideoError(f"has more than {MAX_FRAMES:,} frames; cut it into parts")
