"""validate: which videos are fit to learn from, and why the others are not; opens no video."""

import sys
from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar

import pandas as pd
from annotated_types import Ge, Gt, Le

from sora import layout
from sora.atomic import write_json
from sora.errors import SoraError
from sora.manifest import read_table, videos_in, write_table
from sora.params import STRICT, Settings
from sora.quality.expectations import Audio, Limits, check_videos
from sora.quality.findings import CertainSeverity, Severity, Verdict, WholeSetSeverity, lines_by_rule
from sora.quality.release import read_releases, refuse_impossible, released_paths
from sora.quality.validation import Validation, summarise, validate_set

Share = Annotated[float, Ge(0), Le(1)]

_NUM_TOLD = 10  # videos that are set aside


@dataclass(frozen=True)
class Severities:
    """What a broken rule leads to: a warning, the video set aside, or a stage that fails.

    Of two copies across splits the one in train, else in val, is set aside. Within a split it is the later by
    path. Of one file with two labels both are.
    """

    __pydantic_config__: ClassVar = STRICT

    readable: CertainSeverity
    unique: CertainSeverity
    decodes_to_its_end: Severity
    enough_frames: Severity
    duration: Severity
    frame_rate: Severity
    large_enough: Severity
    not_black: Severity
    not_dark: Severity
    not_overexposed: Severity
    not_blurred: Severity
    not_frozen: Severity
    no_long_freeze: Severity
    codec: Severity
    audio: Severity
    no_copies_across_splits: Severity
    no_copies_within_split: Severity
    one_label: Severity
    groups_in_one_split: WholeSetSeverity
    balanced_classes: WholeSetSeverity
    no_confounds: WholeSetSeverity


@dataclass(frozen=True)
class Params:
    """Parameters of validate: limits for one video, then for the whole set.

    Attributes:
        max_frozen_seconds: that a video may stand still in one go.
        video_codecs: allowed, as FFmpeg names them; empty: any.
        audio: any, present or absent.
        max_lost_share: the stage fails when more of the videos, copies not counted, are set aside.
        min_groups_per_label: it fails when a label keeps fewer source groups.
        max_class_ratio: videos of the largest label for one of the smallest.
        max_confound_gain: by how much metadata may beat chance at naming the label, in accuracy.
        severity: what each broken rule leads to.
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
    max_dark_share: Share
    max_overexposed_share: Share
    max_blurred_share: Share
    max_frozen_share: Share
    max_frozen_seconds: Annotated[float, Gt(0)]
    video_codecs: tuple[str, ...]
    audio: Audio
    max_lost_share: Share
    min_groups_per_label: Annotated[int, Ge(1)]
    max_class_ratio: Annotated[float, Ge(1)]
    max_confound_gain: Share
    severity: Severities


def run(params: Params, settings: Settings) -> None:
    """Write the valid videos, the quarantine and the reports; then fail where a rule or the limits say so."""
    manifest = videos_in(read_table(layout.MANIFEST))
    released = released_paths(read_releases(layout.RELEASES), manifest, layout.RELEASES)
    checked = check_videos(manifest, limits_of(params), layout.VALIDATION_DOCS)
    refuse_impossible(released, checked.findings, layout.RELEASES)
    videos = manifest.merge(read_table(layout.SPLITS)[["path", "split"]], on="path", how="left")
    validation = validate_set(
        videos.fillna({"split": ""}),
        checked.findings,
        asdict(params.severity),
        released,
        max_class_ratio=params.max_class_ratio,
        max_confound_gain=params.max_confound_gain,
        seed=settings.seed,
    )
    summary = summarise(videos, validation, checked.expectations, released)
    write_table(layout.VALIDATED, manifest[manifest["path"].isin(validation.fit["path"].tolist())])
    quarantine = quarantine_table(manifest, validation.verdict)
    write_table(layout.QUARANTINE, quarantine)
    write_json(layout.VALIDATION, summary)
    _tell_set_aside(quarantine)
    for line in lines_by_rule(validation.warnings):
        print(f"warning: {line}", file=sys.stderr, flush=True)
    _refuse_failures(validation.verdict)
    _refuse_poor_set(params, summary, validation)


def _tell_set_aside(quarantine: pd.DataFrame) -> None:
    for row in quarantine[:_NUM_TOLD].itertuples():
        print(f"set aside: {row.path}: {row.reason}", file=sys.stderr, flush=True)
    if len(quarantine) > _NUM_TOLD:
        more = len(quarantine) - _NUM_TOLD
        print(f"set aside: {more} more, see {layout.QUARANTINE}", file=sys.stderr, flush=True)


def quarantine_table(manifest: pd.DataFrame, verdict: Verdict) -> pd.DataFrame:
    """Return path, label, content_hash and reason of the videos that are set aside."""
    lost = manifest[manifest["path"].isin(list(verdict.quarantined))]
    reasons = ["; ".join(finding.reason for finding in verdict.quarantined[path]) for path in lost["path"]]
    return lost[["path", "label", "content_hash"]].assign(reason=reasons)


def limits_of(params: Params) -> Limits:
    """Return what one video must keep to."""
    return Limits(**{name: getattr(params, name) for name in Limits.__dataclass_fields__})


def _refuse_failures(verdict: Verdict) -> None:
    lines = lines_by_rule(verdict.failures)
    if lines:
        more = f" (and {len(lines) - 1} more rules)" if len(lines) > 1 else ""
        rule = verdict.failures[0].rule
        raise SoraError(
            f"{lines[0]}{more}; see {layout.VALIDATION}, correct the data, or change validate.severity.{rule}"
        )


def _refuse_poor_set(params: Params, summary: dict[str, Any], validation: Validation) -> None:
    if summary["lost_share"] > params.max_lost_share:
        found = next(iter(validation.lost.values()))
        raise SoraError(
            f"{summary['lost_share']:.0%} of the videos are not fit to learn from, more than "
            f"validate.max_lost_share = {params.max_lost_share:.0%}; see {layout.QUARANTINE} "
            f"(first: {found[0]})"
        )
    for label, count in summary["groups_per_label"].items():
        if count < params.min_groups_per_label:
            raise SoraError(
                f"label {label!r} has {count} source groups left after validation, at least "
                f"validate.min_groups_per_label = {params.min_groups_per_label} are needed; add videos of "
                f"other sources, or see {layout.QUARANTINE}"
            )
