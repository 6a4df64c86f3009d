"""What a removal will do and what remains to be done, as lines."""

from collections.abc import Sequence
from pathlib import Path

from sora.provenance.videos import LEARNED
from sora.provenance.words import video_lines
from sora.removal.plan import CACHES, Plan

_NUM_SHOWN = 10


def plan_lines(plan: Plan, serving: str) -> list[str]:
    """Return whom the removal touches, and what goes."""
    caches = [path for path in CACHES if path.exists()]
    return [
        *(line for trace in plan.traces for line in video_lines(trace, serving)),
        "to be deleted:",
        *_some("file", [str(file) for file in plan.files]),
        *_some("row of labels.csv, on line", [str(line) for line in plan.lines]),
        *_some("entry of the search index", list(plan.indexed)),
        *_some("feedback", [str(file) for file in plan.feedback]),
        *_some("not yet taken in", [str(file) for file in plan.waiting]),
        *_some("copy in DVC's cache", [str(file) for file in plan.cached]),
        *_some("cache, all of it", [str(path) for path in caches]),
    ]


def next_lines(plan: Plan, source: Path) -> list[str]:
    """Return what is to be done after the removal, and what it could not reach."""
    roles = {one.role for trace in plan.traces for one in trace.sightings}
    new_holdout = " --new-holdout" if "test" in roles else ""
    versions = sorted(
        {one.version for trace in plan.traces for one in trace.sightings if one.role in LEARNED}
    )
    return [
        "removed; now:",
        "  dvc repro                      # its clip, features and thumbnail go; trains without it",
        f"  sora promote{new_holdout or ' ' * 14}     # a model that never saw it serves",
        "  sora index build               # if you use the index",
        f"  git add data/forgotten.csv {source}.dvc && git commit",
        "out of reach from here:",
        "  DVC remotes: dvc gc --workspace --cloud takes them away, with the data of all older versions",
        "  git: the tags of older versions name it in reports/predictions.csv (git tag -d)",
        "  the service: SORA_STATE keeps answers, jobs and observations by content: stop it, delete them",
        *([f"  sora rollback refuses what learned it ({', '.join(versions)})"] if versions else []),
    ]


def _some(what: str, names: Sequence[str]) -> list[str]:
    lines = [f"  {what} {name}" for name in names[:_NUM_SHOWN]]
    more = len(names) - _NUM_SHOWN
    return [*lines, f"  and {more} more"] if more > 0 else lines
