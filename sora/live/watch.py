"""The loop of a watch: frames in, answers out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from sora.frames.spec import ClipSpec
from sora.live.clock import Clock
from sora.live.mailbox import LiveFrame, Mailbox
from sora.live.ring import RecentFrames, Ring


class Classifier(Protocol):
    """See ``sora.live.classifier.LiveClassifier``."""

    def features(self, frames: np.ndarray) -> np.ndarray | None:
        """Return the features of a segment."""

    def answer(self, features: np.ndarray | None) -> dict[str, Any]:
        """Return what a user is told of a clip."""


@dataclass(frozen=True)
class Rhythm:
    """When moments are looked at and answers given.

    Attributes:
        every: frames from answer to answer.
        window_seconds: how far back an answer looks: its moments are equal parts of that apart. None: there
            is one moment for each answer.
    """

    every: int
    window_seconds: float | None = None

    def moment(self, frame: LiveFrame, num_segments: int) -> int:
        """Return the number of the moment that a frame belongs to."""
        if self.window_seconds is None:
            return self.answer(frame)
        return int(frame.time_seconds / self.window_seconds * num_segments)

    def answer(self, frame: LiveFrame) -> int:
        """Return the number of the answer that a frame belongs to; from 1, where there is one at all."""
        return frame.number // self.every


class Seen(NamedTuple):
    """A frame, with the answer where one was given for it, as JSON; see ``watch``."""

    frame: LiveFrame
    answer: dict[str, Any] | None


def watch(
    mailbox: Mailbox, classifier: Classifier, clip: ClipSpec, rhythm: Rhythm, clock: Clock
) -> Iterator[Seen]:
    """Take frames until there are no more, and answer in the given rhythm.

    A segment ends with the frame at which it is due: nothing is waited for. An answer that is late is given
    for the newest frame there is. An answer is what the classifier says and before it ``time_seconds``,
    ``frame`` (its number), ``delay_ms`` from when the frame was there to the answer, ``dropped`` (frames so
    far), and ``warming_up``: whether it looks back less far than the window, for the source has just begun.
    """
    recent, ring = RecentFrames(clip), Ring(clip.num_segments)
    connection = moment = answered = 0
    while (frame := mailbox.take()) is not None:
        recent.add(frame)
        if frame.connection != connection:
            connection = frame.connection
            ring.clear()  # what was before a gap is no part of what is seen now
        is_late = mailbox.has_newer()
        is_asked = rhythm.answer(frame) != answered and not is_late
        is_moment = rhythm.moment(frame, clip.num_segments) != moment and not is_late
        if is_moment or (is_asked and ring.is_empty):
            moment = rhythm.moment(frame, clip.num_segments)
            ring.push(classifier.features(recent.segment()))
        if not is_asked:
            yield Seen(frame, None)
            continue
        answered = rhythm.answer(frame)
        told = classifier.answer(ring.clip())
        delay_ms = 1000 * (clock.now() - frame.available_seconds)
        yield Seen(frame, {**_circumstances(frame, delay_ms, mailbox, ring), **told})


def _circumstances(frame: LiveFrame, delay_ms: float, mailbox: Mailbox, ring: Ring) -> dict[str, Any]:
    return {
        "time_seconds": round(frame.time_seconds, 3),
        "frame": frame.number,
        "delay_ms": round(delay_ms, 1),
        "dropped": mailbox.num_dropped,
        "warming_up": not ring.is_full,
    }
