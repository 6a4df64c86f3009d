"""All checks of a set of videos together: what is set aside, what goes on, and the JSON report."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from sora.manifest import by_label
from sora.quality.balance import balance_findings, groups_per_label, videos_per_label
from sora.quality.confounds import Confounds, measure_confounds, metadata_table
from sora.quality.expectations import UNIQUE
from sora.quality.findings import Finding, Severity, Verdict, judge
from sora.quality.leaks import (
    ACROSS_SPLITS,
    WITHIN_SPLIT,
    CopyPair,
    copy_findings,
    exact_pairs,
    group_findings,
    label_findings,
    near_pairs,
)
from sora.quality.release import Release

_COPY_RULES = {UNIQUE, ACROSS_SPLITS, WITHIN_SPLIT}  # the footage of such a video is not lost
_DECIMALS = 4


@dataclass(frozen=True)
class Validation:
    """What was found: ``fit`` are the rows of the videos that go on."""

    fit: pd.DataFrame
    verdict: Verdict
    pairs: list[CopyPair]
    counts: dict[str, dict[str, int]]  # label to split to number of videos that go on
    confounds: Confounds | None
    telling_columns: list[str]

    @property
    def warnings(self) -> list[Finding]:
        """The warnings that matter still: none on videos that are set aside anyway."""
        return [finding for finding in self.verdict.warnings if finding.path not in self.verdict.quarantined]

    @property
    def lost(self) -> dict[str, list[Finding]]:
        """Path to findings of the videos that are set aside for more than being copies."""
        return {
            path: found
            for path, found in self.verdict.quarantined.items()
            if {finding.rule for finding in found} - _COPY_RULES
        }


def validate_set(
    videos: pd.DataFrame,
    found: list[Finding],
    severity: Mapping[str, Severity],
    released: Mapping[str, Release],
    *,
    max_class_ratio: float,
    max_confound_gain: float,
    seed: int,
) -> Validation:
    """Judge what was ``found`` on each video, then check those that are left against each other.

    ``videos`` is the manifest with a split ("" where there is none); ``severity`` is that of every rule.
    """
    verdict = judge(found, severity, released)
    decoded = videos[videos["num_frames_decoded"] > 0]
    usable = _left(decoded, verdict)["path"]
    copies_too = decoded["path"].isin(usable) | (decoded["duplicate_of"] != "")
    pairs = exact_pairs(decoded) + near_pairs(decoded[copies_too])
    verdict += judge(copy_findings(pairs) + label_findings(pairs), severity, released)
    fit = _left(videos, verdict)
    counts = videos_per_label(fit)
    confounds = measure_confounds(metadata_table(fit), fit["label"].tolist(), fit["group"].tolist(), seed)
    of_the_set = group_findings(fit) + balance_findings(counts, max_class_ratio)
    if confounds is not None:
        of_the_set += confounds.findings(max_confound_gain)
    return Validation(
        fit=fit,
        verdict=verdict + judge(of_the_set, severity, released),
        pairs=pairs,
        counts=counts,
        confounds=confounds,
        telling_columns=confounds.telling(max_confound_gain) if confounds else [],
    )


def summarise(
    videos: pd.DataFrame,
    validation: Validation,
    expectations: list[dict[str, Any]],
    released: Mapping[str, Release],
) -> dict[str, Any]:
    """Return the JSON report: counts, what was set aside and why, and the result of each check."""
    quarantined = validation.verdict.quarantined
    groups = groups_per_label(validation.fit)
    return {
        "num_videos": len(videos),
        "num_valid": len(validation.fit),
        "num_quarantined": len(quarantined),
        "lost_share": _lost_share(videos, validation),
        "groups_per_label": {label: groups.get(label, 0) for label in sorted(set(by_label(videos)["label"]))},
        "quarantined": {path: _reasons(quarantined[path]) for path in sorted(quarantined)},
        "released": {
            path: {"reason": entry.reason, "by": entry.by, "findings": _reasons(found)}
            for path, found in sorted(validation.verdict.released.items())
            for entry in [released[path]]
        },
        "warnings": [asdict(finding) for finding in validation.warnings],
        "failures": [asdict(finding) for finding in validation.verdict.failures],
        "near_duplicates": [asdict(pair) for pair in validation.pairs],
        "class_balance": _class_balance(validation.counts),
        "confounds": _confounds(validation),
        "expectations": expectations,
    }


def _left(videos: pd.DataFrame, verdict: Verdict) -> pd.DataFrame:
    return videos[~videos["path"].isin(list(verdict.quarantined))]


def _lost_share(videos: pd.DataFrame, validation: Validation) -> float:
    originals = videos.loc[videos["duplicate_of"] == "", "path"]
    return round(float(originals.isin(list(validation.lost)).sum()) / max(len(originals), 1), _DECIMALS)


def _reasons(found: list[Finding]) -> list[str]:
    return [finding.reason for finding in found]


def _class_balance(counts: dict[str, dict[str, int]]) -> dict[str, Any]:
    totals = [sum(by_split.values()) for by_split in counts.values()]
    return {"counts": counts, "ratio": round(max(totals) / min(totals), _DECIMALS) if totals else None}


def _confounds(validation: Validation) -> dict[str, Any] | None:
    """Return what metadata predict, or None where there were too few groups to tell."""
    confounds = validation.confounds
    if confounds is None:
        return None
    return {
        "accuracy": round(confounds.together.accuracy, _DECIMALS),
        "chance": round(confounds.chance, _DECIMALS),
        "p_value": round(confounds.together.p_value, _DECIMALS),
        "telling_columns": validation.telling_columns,
        "columns": {
            name: {"accuracy": round(score.accuracy, _DECIMALS), "p_value": round(score.p_value, _DECIMALS)}
            for name, score in confounds.columns.items()
        },
        "num_videos": confounds.num_videos,
    }
