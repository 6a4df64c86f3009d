"""The rules of validate that hold for one video, on videos that are not in the source yet."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from sora.params import Runtime
from sora.quality.expectations import Limits, check_videos
from sora.quality.findings import Severity, judge
from sora.video.facts import VideoFacts
from sora.video.probe import probe
from sora.work import map_videos


@dataclass(frozen=True)
class VideoRules:
    """What a video must keep to, and what a broken rule leads to: parameters of validate, see there."""

    limits: Limits
    severity: Mapping[str, Severity]


def faults(files: Sequence[Path], rules: VideoRules, runtime: Runtime) -> dict[Path, str]:
    """Return why videos are not fit to learn from; each is decoded once, in a child process.

    A rule that would stop the pipeline sets a video aside here, as the others do; warnings let it pass.
    """
    if not files:
        return {}
    outcomes = map_videos(probe, files, runtime, "take-in")
    facts = [VideoFacts(error=outcome.reason) if outcome.reason else outcome.value for outcome in outcomes]
    rows = [
        {"path": str(number), "duplicate_of": "", **asdict(found)}  # by number: no path is text for certain
        for number, found in enumerate(facts)
    ]
    verdict = judge(check_videos(pd.DataFrame(rows), rules.limits, None).findings, rules.severity, ())
    reasons: dict[Path, list[str]] = {}
    for finding in [*verdict.failures, *(one for found in verdict.quarantined.values() for one in found)]:
        reasons.setdefault(files[int(finding.path)], []).append(finding.reason)
    return {file: "; ".join(found) for file, found in reasons.items()}
