"""Expectations on the decoded facts of each video, and the reasons in words."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pandas as pd

from sora.quality.findings import Finding
from sora.quality.suite import DECODES, Rule, failing_rows

Audio: TypeAlias = Literal["any", "present", "absent"]

READABLE, UNIQUE = "readable", "unique"  # rules that no video can be released from
_NUMBERS = (
    DECODES,
    "decoded_share",
    "width",
    "height",
    "fps",
    "duration_seconds",
    "black_share",
    "dark_share",
    "overexposed_share",
    "blurred_share",
    "frozen_share",
    "longest_frozen_seconds",
)
_MAX_EXAMPLES = 3


@dataclass(frozen=True)
class Limits:
    """What a usable video must keep to; shares in [0, 1], of declared duration or of decoded frames."""

    min_frames: int
    min_decoded_share: float
    min_size_px: int  # of the shorter side
    min_fps: float
    max_fps: float
    min_duration_seconds: float
    max_duration_seconds: float
    max_black_share: float
    max_dark_share: float
    max_overexposed_share: float
    max_blurred_share: float
    max_frozen_share: float
    max_frozen_seconds: float  # in one go
    video_codecs: tuple[str, ...]  # as FFmpeg names them; empty: any
    audio: Audio


@dataclass(frozen=True)
class Checked:
    """``findings``: in the order of videos, then of rules. ``expectations``: one row per rule of the suite.

    A row has name, column, success and num_unexpected (videos).
    """

    findings: list[Finding]
    expectations: list[dict[str, Any]]


def check_videos(manifest: pd.DataFrame, limits: Limits, docs_folder: Path | None) -> Checked:
    """Check each video of ``manifest`` and say in words what is wrong with which.

    ``manifest`` has path, duplicate_of and the fields of VideoFacts, and is not changed. A video of which no
    frame decodes gets one finding, its error: the other rules do not apply to it. With ``docs_folder``, that
    folder becomes Great Expectations' data docs (HTML). Raises ValueError when a fact is missing.
    """
    table = _checked_table(manifest)
    rules = _rules(limits)
    failing = failing_rows(table, rules, docs_folder)
    rows: list[Any] = table.to_dict("records")
    found = sorted((position, number) for number, positions in enumerate(failing) for position in positions)
    return Checked(
        findings=[
            Finding(rules[number].name, _reason(rules[number], rows[position]), rows[position]["path"])
            for position, number in found
        ],
        expectations=[_outcome(rule, positions) for rule, positions in zip(rules, failing, strict=True)],
    )


def _outcome(rule: Rule, positions: list[int]) -> dict[str, Any]:
    return {
        "name": rule.name,
        "column": rule.column,
        "success": not positions,
        "num_unexpected": len(positions),
    }


def _checked_table(manifest: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that rules read, numbered from 0, with null for a video that copies none."""
    for column in _NUMBERS:  # Great Expectations passes over nulls
        missing = manifest.loc[manifest[column].isna(), "path"].tolist()
        if missing:
            raise ValueError(
                f"{column}: a number expected for every video, none for {missing[:_MAX_EXAMPLES]}"
            )
    table = manifest[["path", *_NUMBERS, "video_codec", "has_audio"]].reset_index(drop=True)
    duplicate_of = manifest["duplicate_of"].reset_index(drop=True).astype(object)
    return table.assign(
        shorter_side_px=table[["width", "height"]].min(axis=1),
        duplicate_of=duplicate_of.where(duplicate_of.notna() & (duplicate_of != ""), None),
        error=manifest["error"].reset_index(drop=True).astype(object).fillna(""),
    )


def _rules(limits: Limits) -> list[Rule]:
    return [
        Rule(READABLE, DECODES, "{unreadable}", low=1, for_all=True),
        Rule(UNIQUE, "duplicate_of", "is the same file as {duplicate_of}"),
        Rule(
            "decodes_to_its_end",
            "decoded_share",
            "decodes only {found} of its {duration_seconds:.1f} s{cause}, at least {low} expected",
            low=limits.min_decoded_share,
        ),
        *_amount_rules(limits),
        *_picture_rules(limits),
        *_stream_rules(limits),
    ]


def _amount_rules(limits: Limits) -> list[Rule]:
    return [
        Rule(
            "enough_frames",
            DECODES,
            "has {found} frames, at least {low} expected",
            low=limits.min_frames,
        ),
        Rule(
            "duration",
            "duration_seconds",
            "lasts {found} s, {low} to {high} s expected",
            low=limits.min_duration_seconds,
            high=limits.max_duration_seconds,
        ),
        Rule(
            "frame_rate",
            "fps",
            "has {found} frames per second, {low} to {high} expected",
            low=limits.min_fps,
            high=limits.max_fps,
        ),
        Rule(
            "large_enough",
            "shorter_side_px",
            "is {width} × {height} px, at least {low} px a side expected",
            low=limits.min_size_px,
        ),
    ]


def _picture_rules(limits: Limits) -> list[Rule]:
    return [
        _share_rule("not_black", "black_share", "is black", limits.max_black_share),
        _share_rule("not_dark", "dark_share", "is under-exposed", limits.max_dark_share),
        _share_rule("not_overexposed", "overexposed_share", "is overexposed", limits.max_overexposed_share),
        _share_rule("not_blurred", "blurred_share", "is blurred", limits.max_blurred_share),
        _share_rule("not_frozen", "frozen_share", "stands still", limits.max_frozen_share),
        Rule(
            "no_long_freeze",
            "longest_frozen_seconds",
            "stands still for {found} s in one go, at most {high} s expected",
            high=limits.max_frozen_seconds,
        ),
    ]


def _stream_rules(limits: Limits) -> list[Rule]:
    """Return the rules on codec and audio that were asked for."""
    codec = Rule(
        "codec",
        "video_codec",
        "is {found} video, {allowed} expected",
        allowed=limits.video_codecs,
    )
    audio = Rule(
        "audio",
        "has_audio",
        "has no audio" if limits.audio == "present" else "has audio, none expected",
        allowed=(limits.audio == "present",),
    )
    return [*([codec] if limits.video_codecs else []), *([audio] if limits.audio != "any" else [])]


def _share_rule(name: str, column: str, fault: str, limit: float) -> Rule:
    return Rule(name, column, fault + " in {found} of its frames, at most {high} expected", high=limit)


def _reason(rule: Rule, row: dict[str, Any]) -> str:
    error = row["error"] or "no frame decodes"
    unreadable = error if error.startswith("not a readable video") else f"not a readable video ({error})"
    cause = f" ({row['error']})" if row["error"] else ""
    amounts = {"found": row[rule.column], "low": rule.low, "high": rule.high}
    words = {name: _in_words(rule.column, value) for name, value in amounts.items()}
    allowed = " or ".join(map(str, rule.allowed))
    return rule.reason.format(**row, **words, allowed=allowed, cause=cause, unreadable=unreadable)


def _in_words(column: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return f"{100 * value:.4g} %" if column.endswith("_share") else f"{value:.7g}"
