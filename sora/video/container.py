"""Opening video files safely, and the packet loop that every reader shares."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from sora.errors import VideoError

# A playlist (HLS, DASH, concat) dressed as a video makes FFmpeg open other files or sockets, so only
# demuxers that hold their own data are allowed, and only local files.
DEMUXERS = "asf,avi,flv,gif,h264,hevc,ivf,matroska,mov,mpeg,mpegts,mpegvideo,ogg,webm,y4m,yuv4mpegpipe"
SUFFIXES = frozenset(
    ".3gp .asf .avi .flv .gif .m2ts .m4v .mkv .mov .mp4 .mpeg .mpg .mts .ogv .ts .webm .wmv".split()
)

# Never call av.logging.set_level: its callback wants the interpreter's lock in FFmpeg's decoding threads, and
# whoever closes a decoder holds that lock while waiting for them. Without it FFmpeg's messages are dropped.


@dataclass(frozen=True)
class DecodeBreak:
    """Decoding failed here; what came before is good."""

    reason: str


# 8K at 4:3 and a little more. What is larger is no video but a way to fill the memory.
MAX_FRAME_PIXELS = 40_000_000


@contextlib.contextmanager
def open_video(path: Path, *, num_threads: int = 1) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open the main video stream of a local file.

    One decoding thread is the default: where a damaged file breaks then does not depend on scheduling.
    0 is one for each core.

    Raises:
        VideoError: the file is missing, empty, not a video, has no video stream, or one of which the frames
            are larger than ``MAX_FRAME_PIXELS``.
    """
    _check_file(path)
    options = {"format_whitelist": DEMUXERS, "protocol_whitelist": "file"}
    with open_address(str(path), options, num_threads=num_threads) as opened:
        yield opened


@contextlib.contextmanager
def open_address(
    address: str, options: dict[str, str], *, device: str | None = None, num_threads: int = 1
) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open the main video stream of what FFmpeg calls ``address``; the caller vouches for it.

    Args:
        address: a path or a URL.
        options: of FFmpeg; they say which demuxers and protocols are allowed.
        device: FFmpeg's name of the kind of device that ``address`` is one of; None: it is none.
        num_threads: as ``open_video``.

    Raises:
        VideoError: as ``open_video``.
    """
    try:
        container = av.open(address, format=device, options={**options, "max_pixels": str(MAX_FRAME_PIXELS)})
    except (av.error.FFmpegError, ValueError, UnicodeError) as error:
        raise VideoError(f"not a readable video ({_reason(error)})") from error
    with container:
        stream = container.streams.best("video")
        if not isinstance(stream, VideoStream):
            kinds = ", ".join(sorted({stream.type for stream in container.streams}))
            raise VideoError(f"has no video stream (only {kinds or 'nothing'})")
        if stream.codec_context is None:
            raise VideoError("its codec has no decoder in this build of FFmpeg")
        if stream.width * stream.height > MAX_FRAME_PIXELS:
            raise VideoError(
                f"has frames of {stream.width} x {stream.height} px, at most {MAX_FRAME_PIXELS:,} px are read"
            )
        stream.codec_context.options = {"max_pixels": str(MAX_FRAME_PIXELS)}  # the size can change on the way
        stream.thread_type, stream.thread_count = "AUTO", num_threads
        yield container, stream


def decode(
    container: InputContainer, stream: VideoStream, *, past_errors: bool = False
) -> Iterator[av.VideoFrame | DecodeBreak]:
    """Yield the frames in display order; where decoding fails a ``DecodeBreak`` is yielded, not raised.

    Without ``past_errors`` the first break ends the iteration. A file whose packets cannot be told apart
    any more ends it in any case.
    """
    for packet in packets(container, stream):
        if isinstance(packet, DecodeBreak):
            yield packet
            return
        try:
            yield from packet.decode()
        except av.error.FFmpegError as error:
            yield DecodeBreak(_reason(error))
            if not past_errors:
                return


def packets(container: InputContainer, stream: VideoStream) -> Iterator[av.Packet | DecodeBreak]:
    """Yield the packets of ``stream`` in decoding order, at last an empty one, or where reading breaks."""
    try:
        yield from container.demux(stream)
    except av.error.FFmpegError as error:
        yield DecodeBreak(_reason(error))
    except IndexError:  # PyAV's answer to a stream that the header did not name
        yield DecodeBreak("a new stream begins in the middle of the file")


def _check_file(path: Path) -> None:
    if not path.exists():
        raise VideoError("no such file")
    if not path.is_file():
        raise VideoError("is not a file")
    if path.stat().st_size == 0:
        raise VideoError("is empty (0 bytes)")


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text[0].lower() + text[1:]
