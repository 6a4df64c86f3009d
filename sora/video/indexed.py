"""Frames of a video whose packets tell where they are: only what these frames need is decoded."""

import collections
import contextlib
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from sora.video.container import open_video
from sora.video.index import FrameIndex
from sora.video.pictures import Delivery, PictureMaker
from sora.video.plan import Run, plan_runs
from sora.video.seek import LostPlaceError, RunDecoder

Opened: TypeAlias = tuple[InputContainer, VideoStream]
Pending: TypeAlias = collections.deque[Run]


def read_indexed(
    path: Path, opened: Opened, index: FrameIndex, frames: np.ndarray, delivery: Delivery
) -> np.ndarray | None:
    """Return the pictures of ``frames``, int64 (K,) places in display order, or None where not all decode.

    Stretches that lie apart are decoded side by side, one thread each: that gains more than threads within
    one stretch do, in which every frame waits for those it refers to.

    Args:
        path: the file.
        opened: its container and stream, of which nothing was decoded yet.
        index: of that stream.
        frames: in any order, repeats allowed.
        delivery: what becomes of them.
    """
    runs = plan_runs(*_unique(index.packet[frames], index.start[frames]))
    num_threads = min(delivery.num_threads or os.cpu_count() or 1, len(runs))
    filler = _Filler(index.packet[frames], delivery)
    if num_threads > 1:
        opened[1].thread_count = 1
        runs = sorted(
            runs, key=lambda run: run.first - run.last
        )  # the longest first, so that all end together
    pending = collections.deque(runs)
    try:
        with ThreadPoolExecutor(max(1, num_threads - 1)) as pool:
            others = [
                pool.submit(_decode_elsewhere, path, index, pending, filler) for _ in range(1, num_threads)
            ]
            _decode(opened, index, pending, filler)
            for other in others:
                other.result()
    except (LostPlaceError, av.error.FFmpegError):
        return None
    return filler.pixels if filler.is_full else None


def _unique(packet: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    first = np.unique(packet, return_index=True)[1]
    return packet[first], start[first]


def _decode_elsewhere(path: Path, index: FrameIndex, pending: Pending, filler: "_Filler") -> None:
    with open_video(path) as opened:
        _decode(opened, index, pending, filler)


def _decode(opened: Opened, index: FrameIndex, pending: Pending, filler: "_Filler") -> None:
    container, stream = opened
    maker = PictureMaker(filler.delivery.size, stream.sample_aspect_ratio)
    for packet, frame in RunDecoder(container, stream, index.table).decode(_taken_from(pending)):
        filler.put(packet, maker.picture(frame))


def _taken_from(pending: Pending) -> Iterator[Run]:
    """Take runs one by one; several threads may take from the same."""
    with contextlib.suppress(IndexError):
        while True:
            yield pending.popleft()


class _Filler:
    """The array of the wanted pictures, filled in any order; made when the size of the first is known."""

    def __init__(self, packets: np.ndarray, delivery: Delivery) -> None:
        self.delivery = delivery
        self.pixels = np.empty((0, 0, 0, 3), np.uint8)
        self._count = len(packets)
        self._lock = threading.Lock()
        self._places: dict[int, list[int]] = {}
        for place, packet in enumerate(packets.tolist()):
            self._places.setdefault(packet, []).append(place)

    @property
    def is_full(self) -> bool:
        return not self._places

    def put(self, packet: int, picture: np.ndarray) -> None:
        with self._lock:
            if not len(self.pixels):
                self.pixels = self.delivery.empty((self._count, *picture.shape))
            for place in self._places.pop(packet):
                self.pixels[place] = picture
