"""Leaks between splits: copies, videos with two labels, and source groups on both sides."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from sora.quality.duplicates import find_near_duplicates, without_siblings
from sora.quality.findings import Finding
from sora.video.fingerprint import Fingerprint, from_hex

ACROSS_SPLITS, WITHIN_SPLIT = "no_copies_across_splits", "no_copies_within_split"
ONE_LABEL, WHOLE_GROUPS = "one_label", "groups_in_one_split"
_FIRST_TO_LOSE = ("train", "val", "test")  # test videos stay, so that figures remain comparable
_MAX_EXAMPLES = 3


@dataclass(frozen=True)
class CopyPair:
    """Two videos of the same footage; ``path`` is the one to lose.

    Attributes:
        path, other: the two; of two in different splits, ``other`` is in test, or in val before train.
        kind: ``exact`` (equal bytes) or ``near``.
        label, other_label, group, other_group, split, other_split: of each; a copy may have no split ("").
        is_mirrored: whether one is the mirror image.
        shift_seconds: by how much later the footage comes in ``path``.
        picture_bits, motion_bits: of ``sora.quality.alignment.Alignment``; 0 for exact copies.
    """

    path: str
    other: str
    kind: str
    label: str
    other_label: str
    group: str
    other_group: str
    split: str
    other_split: str
    is_mirrored: bool = False
    shift_seconds: float = 0.0
    picture_bits: float = 0.0
    motion_bits: float = 0.0


def exact_pairs(videos: pd.DataFrame) -> list[CopyPair]:
    """Return each exact copy with its original; ``videos`` has path, label, group, split, duplicate_of."""
    rows = {row["path"]: row for row in videos.to_dict("records")}
    copies = [row for row in rows.values() if row["duplicate_of"] in rows]
    return [CopyPair(**_ends(row, rows[row["duplicate_of"]]), kind="exact") for row in copies]


def near_pairs(videos: pd.DataFrame) -> list[CopyPair]:
    """Return the pairs of videos that show the same footage and are not equal bytes.

    ``videos`` has path, label, group, split, content_hash, duplicate_of and the hashes over time.
    Copies of equal bytes are in no pair, for their originals are; they explain why siblings look alike.
    """
    rows: list[Any] = videos.to_dict("records")
    fingerprints = [
        Fingerprint(row["hash_step_seconds"], from_hex(row["picture_hashes"]), from_hex(row["motion_hashes"]))
        for row in rows
    ]
    found = without_siblings(find_near_duplicates(fingerprints), [row["group"] for row in rows])
    pairs = []
    for pair in found:
        first, second, shift = rows[pair.first], rows[pair.second], pair.alignment.shift_seconds
        same_file = first["content_hash"] == second["content_hash"]
        if same_file or first["duplicate_of"] or second["duplicate_of"]:
            continue
        if _rank(first["split"]) < _rank(second["split"]):
            first, second, shift = second, first, -shift
        pairs.append(
            CopyPair(
                **_ends(second, first),
                kind="near",
                is_mirrored=pair.is_mirrored,
                shift_seconds=shift,
                picture_bits=pair.alignment.picture_bits,
                motion_bits=pair.alignment.motion_bits,
            )
        )
    return pairs


def copy_findings(pairs: list[CopyPair]) -> list[Finding]:
    """Return a finding for the video to lose of each near pair across splits, or across groups in one."""
    findings = []
    for pair in pairs:
        if pair.kind == "exact" or not pair.split or not pair.other_split:
            continue
        if pair.split != pair.other_split:
            reason = f"shows the same footage as {pair.other} of the {pair.other_split} videos{_how(pair)}"
            findings.append(Finding(ACROSS_SPLITS, reason, pair.path))
        elif pair.group != pair.other_group:
            reason = f"shows the same footage as {pair.other}, of another group{_how(pair)}"
            findings.append(Finding(WITHIN_SPLIT, reason, pair.path))
    return findings


def label_findings(pairs: list[CopyPair]) -> list[Finding]:
    """Return a finding for both videos of each pair that has two labels: one of the labels is wrong."""
    findings = []
    for pair in pairs:
        if pair.label != pair.other_label:
            what = "is the same file as" if pair.kind == "exact" else "shows the same footage as"
            for path, other, label in (
                (pair.path, pair.other, pair.other_label),
                (pair.other, pair.path, pair.label),
            ):
                findings.append(Finding(ONE_LABEL, f"{what} {other}, which is labelled {label}", path))
    return findings


def group_findings(videos: pd.DataFrame) -> list[Finding]:
    """Return a finding for each group with videos in more than one split; columns path, group and split."""
    findings = []
    placed = videos[videos["split"] != ""].drop_duplicates(["group", "split"])
    for group, rows in placed.groupby("group", sort=True):
        splits = dict(zip(rows["split"], rows["path"], strict=True))
        if len(splits) > 1:
            examples = ", ".join(f"{path} in {split}" for split, path in splits.items())
            findings.append(Finding(WHOLE_GROUPS, f"group {group} is in {len(splits)} splits: {examples}"))
    return findings


def _ends(row: Any, other: Any) -> dict[str, Any]:
    names = ("label", "group", "split")
    return {
        "path": row["path"],
        "other": other["path"],
        **{name: row[name] for name in names},
        **{f"other_{name}": other[name] for name in names},
    }


def _rank(split: str) -> int:
    return _FIRST_TO_LOSE.index(split) if split in _FIRST_TO_LOSE else -1


def _how(pair: CopyPair) -> str:
    words = ["mirrored"] if pair.is_mirrored else []
    if pair.shift_seconds:
        words.append(f"{abs(pair.shift_seconds):.3g} s {'later' if pair.shift_seconds > 0 else 'earlier'}")
    return f" ({', '.join(words)})" if words else ""
