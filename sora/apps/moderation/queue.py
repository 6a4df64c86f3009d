"""The review queue: videos that a person must look at, and what was decided, in one append-only file."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sora.apps.moderation.verdict import Verdict
from sora.errors import SoraError
from sora.journal import Record, append_record, read_records

Decision = Literal["allow", "block"]


@dataclass(frozen=True)
class Item:
    """A video in the queue.

    Attributes:
        id: hexadecimal; the same for the same content, model and policy.
        video: where it was.
        submitted: when, ISO 8601 in UTC.
        reasons: sentences.
        decision: allow or block, or empty while it waits.
        decided, decided_by, note: when, by whom, and what was said.
    """

    id: str
    video: str
    submitted: str
    reasons: tuple[str, ...]
    decision: Decision | Literal[""] = ""
    decided: str = ""
    decided_by: str = ""
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {name: value for name, value in asdict(self).items() if value != ""}


def item_id(content_hash: str, model_version: str, policy_digest: str) -> str:
    """Return the identifier of a video under a model and a policy."""
    text = f"{content_hash} {model_version} {policy_digest}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def submit(queue: Path, identifier: str, video: str, verdict: Verdict) -> Item:
    """Put a video into the queue, durably; give its item. One that is there stays as it is."""

    def submitted(records: list[Record]) -> Record | None:
        if identifier in _items(records):
            return None
        reasons = [reason.text for reason in verdict.reasons]
        return {"event": "submitted", "id": identifier, "at": _now(), "video": video, "reasons": reasons}

    append_record(queue, submitted)
    return _items(read_records(queue))[identifier]


def decide(
    queue: Path, identifier: str, decision: Decision, *, by: str = "", note: str = "", overrule: bool = False
) -> Item:
    """Decide about a video, durably; give its item.

    Raises:
        SoraError: it is not in the queue, or is decided already and is not to be overruled.
    """

    def decided(records: list[Record]) -> Record:
        item = _items(records).get(identifier)
        if item is None:
            raise SoraError(f"{queue}: holds no video {identifier}; 'sora review list' shows what waits")
        if item.decision and not overrule:
            by_whom = f" by {item.decided_by}" if item.decided_by else ""
            raise SoraError(
                f"{identifier} was decided{by_whom} at {item.decided}: {item.decision}; "
                "overrule it to decide anew"
            )
        return {
            "event": "decided",
            "id": identifier,
            "at": _now(),
            "decision": decision,
            "by": by,
            "note": note,
        }

    append_record(queue, decided)
    return _items(read_records(queue))[identifier]


def waiting(queue: Path) -> list[Item]:
    """Return what nobody has decided yet, in the order in which it came."""
    return [item for item in all_items(queue) if not item.decision]


def all_items(queue: Path) -> list[Item]:
    """Return all videos of the queue, in the order in which they came."""
    return list(_items(read_records(queue)).values())


def _items(records: Sequence[Record]) -> dict[str, Item]:
    items: dict[str, Item] = {}
    try:
        for record in records:
            _apply(record, items)
    except KeyError as error:
        raise SoraError(f"the review queue has a record without {error}; restore the file") from error
    return items


def _apply(record: Record, items: dict[str, Item]) -> None:
    identifier, at = record["id"], record["at"]
    if record["event"] == "submitted":
        items[identifier] = Item(identifier, record["video"], at, tuple(record["reasons"]))
        return
    items[identifier] = replace(
        items[identifier],
        decision=record["decision"],
        decided=at,
        decided_by=record["by"],
        note=record["note"],
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
