"""What is to become of each arrival, by what is known of its content."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sora.incoming.arrivals import Arrival
from sora.incoming.source import Source
from sora.manifest import labels_in

_FORGOTTEN = "was removed for good by sora forget, and is not taken in again; delete this copy"


@dataclass
class Sorted:
    """Arrivals by what is to become of them.

    Attributes:
        fresh: content that is not known; still to be checked.
        there: taken in already, by a run that was interrupted.
        refused: with the reason why.
        waiting: with the reason why they stay where they are for now.
    """

    fresh: list[Arrival] = field(default_factory=list)
    there: list[Arrival] = field(default_factory=list)
    refused: dict[Arrival, str] = field(default_factory=dict)
    waiting: dict[Arrival, str] = field(default_factory=dict)


def sort_out(
    hashes: Mapping[Arrival, str],
    source: Source,
    decided: Collection[tuple[str, str]],
    forgotten: Collection[str],
    num_for_new_label: int,
) -> Sorted:
    """Return what is to become of each arrival.

    Feedback that is in the source, or was set aside before, is in none of the lists.

    Args:
        hashes: SHA-256 of each.
        source: what is there.
        decided: content hash and label of what was set aside before.
        forgotten: content hashes of videos that were removed for good.
        num_for_new_label: a label that the source does not know waits until so many of its videos have come.
    """
    found = Sorted()
    same: dict[str, list[Arrival]] = {}
    for arrival in sorted(hashes):
        same.setdefault(hashes[arrival], []).append(arrival)
    for digest, arrivals in same.items():
        if digest in forgotten:
            found.waiting |= dict.fromkeys(arrivals, _FORGOTTEN)
            continue
        for arrival in arrivals:
            if not (arrival.is_feedback and (digest, arrival.label) in decided):
                _sort_one(found, source, digest, arrival, arrivals)
    _hold_back_new_labels(found, source.labels, num_for_new_label)
    return found


def _sort_one(found: Sorted, source: Source, digest: str, arrival: Arrival, same: list[Arrival]) -> None:
    own = source.by_hash.get(digest, ())
    others = [other for other in same if other.label != arrival.label]
    if any(video.label == arrival.label for video in own):
        if arrival.is_feedback:
            return  # it stays with the service, and comes again each time
        if source.location(arrival, digest) in {video.location for video in own}:
            found.there.append(arrival)
        else:
            found.refused[arrival] = f"is the same file as {own[0].path}, which is there already"
    elif own:
        found.refused[arrival] = _two_labels(arrival, own[0].path, own[0].label)
    elif others:
        found.refused[arrival] = _two_labels(arrival, others[0].file.as_posix(), others[0].label)
    elif not arrival.has_plain_name:
        found.refused[arrival] = "its name has a line break or other control characters, or spaces around it"
    elif arrival != same[0]:
        if not arrival.is_feedback:
            found.refused[arrival] = f"is the same file as {same[0].file.as_posix()}, which came with it"
    elif not source.finds_group(arrival, source.location(arrival, digest)):
        found.refused[arrival] = (
            "its name does not tell its group (ingest.group_pattern); name it as the others are named"
        )
    else:
        found.fresh.append(arrival)


def _two_labels(arrival: Arrival, other: str, label: str) -> str:
    return (
        f"is the same file as {other}, which is labelled {label}, and came as {arrival.label}; "
        "correct the one that is wrong"
    )


def _hold_back_new_labels(found: Sorted, known: Collection[str], num_needed: int) -> None:
    """Few videos of a new label could not be split, and the pipeline would stop at them."""
    counts: dict[str, int] = {}
    for arrival in found.fresh:
        for label in set(labels_in(arrival.label)) - set(known):
            counts[label] = counts.get(label, 0) + 1
    for arrival in list(found.fresh):
        short = [label for label in labels_in(arrival.label) if counts.get(label, num_needed) < num_needed]
        if short:
            found.fresh.remove(arrival)
            found.waiting[arrival] = (
                f"the label {short[0]} is new: {counts[short[0]]} of {num_needed} videos have come "
                "(incoming.new_label_videos)"
            )
