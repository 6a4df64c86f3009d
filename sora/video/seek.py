"""Decoding only the stretches of a video that wanted frames need."""

import itertools
from collections.abc import Iterable, Iterator

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from sora.video.container import packets
from sora.video.index import NO_TIME, PacketTable, stamps_of
from sora.video.plan import Run

# Reading on and dropping packets is cheaper than asking the container to seek, up to here.
_SEEK_PACKETS = 200


class LostPlaceError(Exception):
    """Seeking led to where no packet of the table is: the file can only be read through."""


class RunDecoder:
    """Decodes stretches of an open video."""

    def __init__(self, container: InputContainer, stream: VideoStream, table: PacketTable) -> None:
        """``table`` is of this stream."""
        self._table = table
        self._context = stream.codec_context
        self._source = _PacketSource(container, stream, table)

    def decode(self, runs: Iterable[Run]) -> Iterator[tuple[int, av.VideoFrame]]:
        """Yield the wanted frames that decode, each with the place of its packet in decoding order.

        A frame is told by the time stamp of its packet, which no other has.

        Raises:
            LostPlaceError: seeking does not lead where it should.
            av.error.FFmpegError: decoding fails.
        """
        for run in runs:
            place_at = {int(self._table.pts[place]): place for place in run.wanted}
            for frame in self._decode_run(run):
                if frame.pts in place_at:
                    yield place_at.pop(frame.pts), frame

    def _decode_run(self, run: Run) -> Iterator[av.VideoFrame]:
        context = self._context
        context.flush_buffers()
        skipping = None
        for place, packet in self._source.packets_of(run):
            # What nothing refers to is decoded only where it is wanted.
            if skipping != (place not in run.wanted):
                skipping = place not in run.wanted
                context.skip_frame = "NONREF" if skipping else "DEFAULT"
            yield from packet.decode()
        yield from context.decode(None)


class _PacketSource:
    """Packets by their place in decoding order, by seeking or by reading on."""

    def __init__(self, container: InputContainer, stream: VideoStream, table: PacketTable) -> None:
        self._container, self._stream, self._table = container, stream, table
        self._places: dict[tuple[int, int], int] = {}
        self._packets: Iterator[av.Packet] = iter(())
        self._next = len(table)  # nowhere yet

    def packets_of(self, run: Run) -> Iterator[tuple[int, av.Packet]]:
        """Yield the packets of ``run`` with their places."""
        if not 0 <= run.first - self._next <= _SEEK_PACKETS:
            self._seek(run.first)
        while self._next <= run.last:
            place, packet = self._next, next(self._packets, None)
            if packet is None:
                raise LostPlaceError
            self._next += 1
            if place >= run.first:
                yield place, packet

    def _seek(self, place: int) -> None:
        """Go to ``place`` or to somewhere before it: the start of the file where nothing nearer is found."""
        for target in (place, 0):
            pts, dts = self._stamps(target)
            self._container.seek(pts if dts == NO_TIME else dts, stream=self._stream)
            read = (p for p in packets(self._container, self._stream) if isinstance(p, av.Packet) and p.size)
            found = next(read, None)
            self._next = self._place_of(found)
            if found is not None and self._next <= place:
                self._packets = itertools.chain([found], read)
                return
        raise LostPlaceError

    def _place_of(self, packet: av.Packet | None) -> int:
        if not self._places:
            stamps = zip(self._table.pts.tolist(), self._table.dts.tolist(), strict=True)
            self._places = {stamp: place for place, stamp in enumerate(stamps)}
        return len(self._table) if packet is None else self._places.get(stamps_of(packet), len(self._table))

    def _stamps(self, place: int) -> tuple[int, int]:
        return int(self._table.pts[place]), int(self._table.dts[place])
