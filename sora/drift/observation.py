"""What a model said of one video, as a line of a journal: the only thing that drift is computed from."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from sora.drift.facts import FactValue
from sora.errors import SoraError

_STORED = np.dtype("<f2")  # half precision: a rounding of 0.05 %, far below what moves a distribution


@dataclass(frozen=True, eq=False)
class Observation:
    """One video and what a bundle said of it.

    Attributes:
        time: when, with a time zone.
        content_hash: of the video file.
        model_version: of the bundle.
        label: the most probable one.
        confidence: its probability, in [0, 1].
        embedding: float (E,), finite.
        facts: of the video, by name: numbers, and categories as text (``sora.drift.facts``).
        group: the source that it shares with others, such as a camera or a user; empty: not known.
        video: its name for people; it may be empty.
    """

    time: datetime
    content_hash: str
    model_version: str
    label: str
    confidence: float
    embedding: np.ndarray
    facts: Mapping[str, FactValue]
    group: str = ""
    video: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object; the embedding as base64 of float16, lowest byte first."""
        return {
            "time": self.time.isoformat(),
            "content_hash": self.content_hash,
            "model_version": self.model_version,
            "label": self.label,
            "confidence": self.confidence,
            "embedding": base64.b64encode(self.embedding.astype(_STORED).tobytes()).decode(),
            "facts": dict(self.facts),
            "group": self.group,
            "video": self.video,
        }


def from_json(record: Mapping[str, Any], where: str) -> Observation:
    """Return what ``as_json`` made of an observation; ``where`` begins the message of an error.

    Raises:
        SoraError: a field is missing or is something else.
    """
    try:
        found = Observation(
            time=datetime.fromisoformat(record["time"]),
            content_hash=str(record["content_hash"]),
            model_version=str(record["model_version"]),
            label=str(record["label"]),
            confidence=float(record["confidence"]),
            embedding=_decoded(record["embedding"]),
            facts={name: _fact(value) for name, value in record["facts"].items()},
            group=str(record.get("group", "")),
            video=str(record.get("video", "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise SoraError(f"{where}: is no observation of a video ({type(error).__name__}: {error})") from error
    if found.time.tzinfo is None:
        raise SoraError(f"{where}: time needs a zone, such as +00:00; {record['time']!r} came")
    if not len(found.embedding) or not np.isfinite([found.confidence, *found.embedding]).all():
        raise SoraError(f"{where}: expected a confidence and an embedding that are finite")
    return found


def _decoded(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text, validate=True), _STORED).astype(np.float32)


def _fact(value: Any) -> FactValue:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
