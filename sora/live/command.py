"""``sora watch``: a source, a bundle, and what becomes of the answers."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sora.errors import SoraError
from sora.frames.inputs import decoded_size
from sora.frames.spec import ClipSpec
from sora.live.classifier import LiveClassifier
from sora.live.clock import Clock
from sora.live.connection import frames_from_child
from sora.live.mailbox import Mailbox
from sora.live.overlay import draw_answer
from sora.live.reader import Reader
from sora.live.ring import segment_reach
from sora.live.tally import Delays
from sora.live.watch import Rhythm, Seen, watch
from sora.video.live import source_of
from sora.video.pictures import PictureSize
from sora.video.recording import Recorder, even_size


@dataclass(frozen=True)
class Request:
    """What to watch, and how.

    Attributes:
        source: see ``sora.video.live.source_of``.
        model: folder of the bundle.
        rhythm: when answers are given.
        recording: a file for the pictures with the answers drawn in, or None.
        paced: whether a file is played at its own pace; else as fast as it is classified, dropping nothing.
        stall_seconds: a source that gives no frame for so long is lost.
    """

    source: str
    model: Path
    rhythm: Rhythm
    recording: Path | None = None
    paced: bool = True
    stall_seconds: float = 10.0


class Summary(NamedTuple):
    """What a watch came to."""

    num_seen: int
    num_dropped: int
    num_classified: int
    num_reconnections: int
    delay_ms_median: int
    delay_ms_p95: int

    def __str__(self) -> str:
        """Say it in a line."""
        return (
            f"{self.num_seen} frames seen, {self.num_dropped} dropped, {self.num_classified} classified, "
            f"{self.num_reconnections} reconnections; delay {self.delay_ms_median} ms in the median, "
            f"{self.delay_ms_p95} ms at most in 95 % of answers"
        )


def run_watch(
    request: Request, show: Callable[[dict[str, Any]], None], tell: Callable[[str], None]
) -> Summary:
    """Watch until the source ends, or Ctrl-C or a request to terminate comes; return what it came to.

    Args:
        request: what to watch.
        show: is given each answer.
        tell: is given a line for people: a source lost or found again, and at the end the summary.

    Raises:
        SoraError: the bundle cannot run live, or the source cannot be reached, or a file breaks.
    """
    source, classifier = source_of(request.source), LiveClassifier(request.model)
    if not request.paced and source.kind != "file":
        raise SoraError(f"{source.name}: only a file can be played faster than it was taken")
    clip, clock, delays = classifier.bundle.spec.clip, Clock(), Delays()
    mailbox = Mailbox(max(request.rhythm.every, segment_reach(clip)), patient=not request.paced)
    connect = partial(
        frames_from_child, source, _sizes(request, clip), request.stall_seconds, lambda: clock.is_stopped
    )
    reader = Reader(source, connect, mailbox, clock, paced=request.paced, tell=tell)
    with ExitStack() as stack:
        record = stack.enter_context(Recorder(request.recording)).write if request.recording else None
        stack.enter_context(_ending_on_signals(mailbox.stop))
        reader.start()
        stack.callback(reader.stop)
        _use(watch(mailbox, classifier, clip, request.rhythm, clock), show, record, delays)
    summary = _summary(mailbox, reader, delays)
    if summary.num_seen:
        tell(str(summary))
    if reader.error is not None:
        raise SoraError(f"{source.name}: {reader.error}") from reader.error
    return summary


def _use(
    watched: Iterator[Seen],
    show: Callable[[dict[str, Any]], None],
    record: Callable[[np.ndarray, float], None] | None,
    delays: Delays,
) -> None:
    answer: dict[str, Any] | None = None
    for frame, new in watched:
        if new is not None:
            answer = new
            delays.add(new["delay_ms"])
            try:
                show(new)
            except BrokenPipeError:  # whoever reads the answers has had enough
                return
        if record and frame.shown is not None:
            record(draw_answer(frame.shown, answer), frame.time_seconds)


def _summary(mailbox: Mailbox, reader: Reader, delays: Delays) -> Summary:
    return Summary(
        mailbox.num_seen,
        mailbox.num_dropped,
        delays.number,
        max(0, reader.num_connections - 1),
        delays.quantile(0.5),
        delays.quantile(0.95),
    )


def _sizes(request: Request, clip: ClipSpec) -> list[PictureSize]:
    network: PictureSize = partial(decoded_size, spec=clip)
    return [network, even_size] if request.recording else [network]


@contextmanager
def _ending_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Have the first Ctrl-C or request to terminate call ``stop``; a second one does what it always does."""
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in signals}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def end(*_: object) -> None:
        restore()
        stop()

    for number in signals:
        signal.signal(number, end)
    try:
        yield
    finally:
        restore()
