"""validate: which videos are fit to learn from, and why the others are not; opens no video."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar

import pandas as pd
from annotated_types import Ge, Gt, Le

from sora import layout
from sora.atomic import write_json
from sora.errors import SoraError
from sora.manifest import read_table, write_table
from sora.params import STRICT, Settings
from sora.quality.expectations import Findings, Limits, check_videos, groups_per_label

Share = Annotated[float, Ge(0), Le(1)]


@dataclass(frozen=True)
class Params:
    """Parameters of validate: limits for one video, then for the whole set.

    Attributes:
        max_lost_share: the stage fails when more of the videos, copies not counted, are set aside.
        min_groups_per_label: it fails when a label keeps fewer source groups.
    """

    __pydantic_config__: ClassVar = STRICT

    min_frames: Annotated[int, Ge(1)]
    min_decoded_share: Share
    min_size_px: Annotated[int, Ge(1)]
    min_fps: Annotated[float, Ge(0)]
    max_fps: Annotated[float, Gt(0)]
    min_duration_seconds: Annotated[float, Ge(0)]
    max_duration_seconds: Annotated[float, Gt(0)]
    max_black_share: Share
    max_overexposed_share: Share
    max_frozen_share: Share
    max_lost_share: Share
    min_groups_per_label: Annotated[int, Ge(1)]


def run(params: Params, settings: Settings) -> None:
    """Write the valid videos, the quarantine and the reports; then fail if too little is left."""
    manifest = read_table(layout.MANIFEST)
    findings = check_videos(manifest, _limits(params), layout.VALIDATION_DOCS)
    fit = ~manifest["path"].isin(list(findings.reasons))
    summary = summarise(manifest, findings)
    write_table(layout.VALIDATED, manifest[fit])
    write_table(layout.QUARANTINE, quarantine_table(manifest[~fit], findings))
    write_json(layout.VALIDATION, summary)
    _refuse_poor_set(params, summary, manifest)


def quarantine_table(lost: pd.DataFrame, findings: Findings) -> pd.DataFrame:
    """Return path, label, content_hash and reason of the videos that were set aside."""
    reasons = ["; ".join(findings.reasons[path]) for path in lost["path"]]
    return lost[["path", "label", "content_hash"]].assign(reason=reasons)


def summarise(manifest: pd.DataFrame, findings: Findings) -> dict[str, Any]:
    """Return the JSON report: counts, what was set aside and why, and each expectation's result."""
    fit = manifest[~manifest["path"].isin(list(findings.reasons))]
    originals = manifest[manifest["duplicate_of"] == ""]
    lost = originals["path"].isin(list(findings.reasons)).sum()
    return {
        "num_videos": len(manifest),
        "num_valid": len(fit),
        "num_quarantined": len(manifest) - len(fit),
        "lost_share": round(float(lost) / max(len(originals), 1), 4),
        "groups_per_label": {
            label: groups_per_label(fit).get(label, 0) for label in sorted(set(manifest["label"]))
        },
        "quarantined": dict(sorted(findings.reasons.items())),
        "expectations": findings.expectations,
    }


def _limits(params: Params) -> Limits:
    values = asdict(params)
    return Limits(**{name: values[name] for name in Limits.__dataclass_fields__})


def _refuse_poor_set(params: Params, summary: dict[str, Any], manifest: pd.DataFrame) -> None:
    if summary["lost_share"] > params.max_lost_share:
        path, reasons = next(iter(summary["quarantined"].items()))
        raise SoraError(
            f"{summary['lost_share']:.0%} of the videos are not fit to learn from, more than "
            f"validate.max_lost_share = {params.max_lost_share:.0%}; see {layout.QUARANTINE} "
            f"(first: {path}: {reasons[0]})"
        )
    for label, count in summary["groups_per_label"].items():
        if count < params.min_groups_per_label:
            raise SoraError(
                f"label {label!r} has {count} source groups left after validation, at least "
                f"validate.min_groups_per_label = {params.min_groups_per_label} are needed; add videos of "
                f"other sources, or see {layout.QUARANTINE}"
            )
