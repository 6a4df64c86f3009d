"""What happened to a registry, in order: an append-only journal that is never ahead of the pointer."""

from dataclasses import dataclass
from pathlib import Path

from sora.errors import SoraError
from sora.journal import Record, append_record, read_records
from sora.registry.entries import versions
from sora.registry.pointer import Pointer, now, read_pointer

JOURNAL = "journal.jsonl"


@dataclass(frozen=True)
class Event:
    """A change of what serves, or a candidate that was rejected.

    Attributes:
        at: ISO 8601 in UTC.
        event: promoted, rolled back or rejected.
        version: which.
        by, why: who did it, and the reason given; of a rejection the reasons.
        accuracy: on the hold-out; None of a rejection.
        serves: whether this is what serves now.
        is_kept: whether ``sora rollback`` can lead to it.
    """

    at: str
    event: str
    version: str
    by: str
    why: str
    accuracy: float | None
    serves: bool
    is_kept: bool


def record_pointer(registry: Path, pointer: Pointer) -> None:
    """Write the change that ``pointer`` is into the journal, unless it is there."""

    def missing(records: list[Record]) -> Record | None:
        return None if pointer.serial in {record.get("serial") for record in records} else pointer.as_json()

    append_record(registry / JOURNAL, missing)


def record_rejection(registry: Path, version: str, by: str, reasons: tuple[str, ...]) -> None:
    """Write into the journal that a candidate did not pass."""
    record = {"event": "rejected", "version": version, "at": now(), "by": by, "why": " ".join(reasons)}
    append_record(registry / JOURNAL, lambda _: record)


def predecessor(registry: Path, version: str) -> str:
    """Return what served before ``version`` was last promoted; empty if nothing did."""
    found = [
        record["previous"]
        for record in read_records(registry / JOURNAL)
        if record["event"] == "promoted" and record["version"] == version
    ]
    return found[-1] if found else ""


def withdrawn(registry: Path) -> dict[str, str]:
    """Return the versions of bundles that were rolled back and have not served since, with when and who."""
    found: dict[str, str] = {}
    serving = ""
    for record in _records(registry, read_pointer(registry)):
        if "serial" not in record:
            continue
        if record["event"] == "rolled back":
            why = f" ({record['why']})" if record["why"] else ""
            found[serving] = f"at {record['at']} by {record['by']}{why}"
        serving = record["bundle_version"]
        found.pop(serving, None)
    return found


def served_last_first(registry: Path) -> list[str]:
    """Return the versions that ever served, each once, the last one first."""
    return _last_first([record for record in read_records(registry / JOURNAL) if "serial" in record])


def rejected_last_first(registry: Path) -> list[str]:
    """Return the versions that were rejected, each once, the last one first."""
    return _last_first([record for record in read_records(registry / JOURNAL) if "serial" not in record])


def history(registry: Path) -> list[Event]:
    """Return all that happened, the last first; what a killed process did not write down is in it too.

    Raises:
        SoraError: the journal or the pointer is damaged.
    """
    pointer = read_pointer(registry)
    records = _records(registry, pointer)
    kept = set(versions(registry))
    try:
        return [_event(record, pointer, kept) for record in reversed(records)]
    except KeyError as error:
        raise SoraError(f"{registry / JOURNAL}: has a record without {error}; restore the file") from error


def _records(registry: Path, pointer: Pointer | None) -> list[Record]:
    """Return the records of the journal, and the one that a killed process did not write down."""
    records = read_records(registry / JOURNAL)
    if pointer and pointer.serial not in {record.get("serial") for record in records}:
        records.append(pointer.as_json())
    return records


def _last_first(records: list[Record]) -> list[str]:
    return list(dict.fromkeys(record["version"] for record in reversed(records)))


def _event(record: Record, pointer: Pointer | None, kept: set[str]) -> Event:
    is_change = "serial" in record
    return Event(
        at=record["at"],
        event=record["event"],
        version=record["version"],
        by=record["by"],
        why=record["why"],
        accuracy=record["accuracy"] if is_change else None,
        serves=is_change and pointer is not None and record["serial"] == pointer.serial,
        is_kept=is_change and record["version"] in kept,
    )
