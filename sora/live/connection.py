"""A source in a child process: a decoder that crashes or hangs is a lost source, not a dead watcher."""

import contextlib
import math
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Any

from sora.errors import VideoError
from sora.lifetime import die_with_parent
from sora.video.live import Source, TimedPictures, read_live
from sora.video.pictures import PictureSize

_STARTED = "started"
_LOOK_SECONDS = 0.1  # how often a wait looks up whether it is still wanted


def frames_from_child(
    source: Source, sizes: Sequence[PictureSize], stall_seconds: float, is_stopped: Callable[[], bool]
) -> Iterator[TimedPictures]:
    """Yield what ``sora.video.live.read_live`` does in a child; ``sizes`` must be importable.

    Raises:
        VideoError: as ``read_live``; no frame came for ``stall_seconds``; or the child crashed.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_read, args=(sender, source, sizes), daemon=True)
    with _interrupts_blocked():
        child.start()
    sender.close()
    try:
        if _received(receiver, math.inf, is_stopped) == _STARTED:  # which a busy machine may take long over
            while (found := _received(receiver, stall_seconds, is_stopped)) is not None:
                yield found
    except EOFError:
        child.join()
        raise VideoError(f"crashed the decoder (exit code {child.exitcode})") from None
    finally:
        child.kill()
        child.join()
        receiver.close()


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Block Ctrl-C, for a child that starts now inherits that: its parent decides when it ends."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _received(receiver: Connection, stall_seconds: float, is_stopped: Callable[[], bool]) -> Any:
    """Return what the child sends next; None: there is nothing more, or nobody wants it."""
    waited = 0.0
    while not receiver.poll(_LOOK_SECONDS):
        waited += _LOOK_SECONDS
        if is_stopped():
            return None
        if waited > stall_seconds:
            raise VideoError(f"no frame for {stall_seconds:g} s")
    found = receiver.recv()
    if isinstance(found, VideoError):
        raise found
    return found


def _read(sender: Connection, source: Source, sizes: Sequence[PictureSize]) -> None:
    die_with_parent()
    with contextlib.suppress(BrokenPipeError):  # the parent has had enough
        sender.send(_STARTED)
        try:
            for frame in read_live(source, sizes):
                sender.send(frame)
            sender.send(None)
        except VideoError as error:
            sender.send(error)
