"""Video as it comes, from a camera, over a network or from a file: frames in order, in several sizes."""

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from sora.errors import SoraError, VideoError
from sora.video.container import DEMUXERS, DecodeBreak, open_address, open_video
from sora.video.pictures import PictureMaker, PictureSize
from sora.video.read import timed

# Protocols and demuxers other than those of files are open to an address that the user names, and to nothing
# else; of these demuxers none opens other addresses, as a playlist would.
_RTSP = {
    "format_whitelist": "rtsp",
    "protocol_whitelist": "rtp,srtp,tcp,tls,udp",
    "rtsp_transport": "tcp",  # a lost packet of UDP would spoil the picture until the next key frame
}
_HTTP = {"format_whitelist": f"{DEMUXERS},mpjpeg", "protocol_whitelist": "http,https,tcp,tls"}
_NETWORK = {"rtsp": _RTSP, "rtsps": _RTSP, "http": _HTTP, "https": _HTTP}
_UNTIMED = "mpjpeg"  # a format without times: its frames are as old as they come


@dataclass(frozen=True)
class Source:
    """Where video comes from; see ``source_of``."""

    kind: Literal["camera", "network", "file"]
    address: str

    @property
    def name(self) -> str:
        """The address without a password that it may hold, for messages."""
        return re.sub(r"(?<=://)[^/]*@", "", self.address)


class TimedPictures(NamedTuple):
    """A frame in every size asked for, uint8 RGB (H, W, 3), and its time in seconds from the first."""

    time_seconds: float
    pictures: tuple[np.ndarray, ...]


def source_of(text: str) -> Source:
    """Return the source that a person names.

    That is the number of a camera or its device (``0``, ``/dev/video0``), an address (``rtsp``, ``rtsps``,
    ``http``, ``https``: a stream, not a playlist), or a file.

    Raises:
        SoraError: it is an address of another kind.
    """
    if text.isdecimal():
        return Source("camera", f"/dev/video{text}")
    if re.fullmatch(r"/dev/video\d+", text):
        return Source("camera", text)
    if "://" not in text:
        return Source("file", text)
    if urlsplit(text).scheme not in _NETWORK:
        kinds = ", ".join(f"{scheme}://" for scheme in _NETWORK)
        raise SoraError(f"{text}: expected the number of a camera, a file, or an address with {kinds}")
    return Source("network", text)


def read_live(source: Source, sizes: Sequence[PictureSize]) -> Iterator[TimedPictures]:
    """Yield the frames of a source in display order, each in every size.

    A file ends at its end. What does not decode of any other source is left out.

    Raises:
        VideoError: it cannot be opened; a file breaks; any other source ends, whatever the reason.
    """
    reason, count = "it ended", 0
    with _opened(source) as (container, stream):
        is_untimed, start = container.format.name == _UNTIMED, monotonic()
        makers = [PictureMaker(size, stream.sample_aspect_ratio) for size in sizes]
        for frame, seconds in timed(container, stream, past_errors=source.kind != "file"):
            if isinstance(frame, DecodeBreak):
                reason = f"breaks after frame {count}: {frame.reason}"
                continue
            reason, count = "it ended", count + 1
            shown_at = monotonic() - start if is_untimed else seconds
            yield TimedPictures(shown_at, tuple(maker.picture(frame) for maker in makers))
    if source.kind != "file" or not count or reason != "it ended":
        raise VideoError(reason)


def _opened(source: Source) -> AbstractContextManager[tuple[InputContainer, VideoStream]]:
    if source.kind == "file":
        return open_video(Path(source.address))
    if source.kind == "camera":
        return open_address(source.address, {}, device="video4linux2")
    return open_address(source.address, _NETWORK[urlsplit(source.address).scheme])
