"""What a removal will do and what remains to be done, as lines."""

from collections.abc import Sequence

from sora.layout import PARENT, UPSCALER
from sora.provenance.forgotten import FORGOTTEN
from sora.provenance.tracing import HERE
from sora.provenance.videos import LEARNED
from sora.provenance.words import video_lines
from sora.removal.plan import CACHES, Plan

_NUM_SHOWN = 10


def plan_lines(plan: Plan, serving: str) -> list[str]:
    """Return whom the removal touches, and what goes."""
    caches = [path for path in CACHES if path.exists()]
    return [
        *(line for trace in plan.traces for line in video_lines(trace, serving)),
        f"to be noted, so that it never comes back: its hash, in {FORGOTTEN}",
        "to be deleted:" if caches or not plan.is_empty else "to be deleted: nothing is here",
        *_some("file", [str(file) for file in plan.files]),
        *_some("row of labels.csv, on line", [str(line) for line in plan.lines]),
        *_some("entry of the search index", list(plan.indexed)),
        *_some("feedback", [str(file) for file in plan.feedback]),
        *_some("kept for review", [str(file) for file in plan.reviewed]),
        *_some("not yet taken in", [str(file) for file in plan.waiting]),
        *_some("copy in DVC's cache", [str(file) for file in plan.cached]),
        *_some("cache, all of it", [str(path) for path in caches]),
    ]


def next_lines(plan: Plan) -> list[str]:
    """Return what is to be done after the removal, and what it could not reach."""
    seen = [one for trace in plan.traces for one in trace.sightings]
    if plan.is_empty and not seen:
        return [
            f"nothing of it was here; {FORGOTTEN} has its hash, so that it is not taken in. Files elsewhere "
            "stay as they are"
        ]
    versions = sorted({one.version for one in seen if one.role in LEARNED} - {HERE})
    promote = "sora promote --new-holdout" if any(one.role == "test" for one in seen) else "sora promote"
    tracked = plan.source.with_name(f"{plan.source.name}.dvc")
    changed = [str(path) for path in (FORGOTTEN, tracked) if path.is_file()]
    return [
        "removed; now:",
        *([f"  {'sora update --off':<27} lets no training go on from {PARENT}"] if PARENT.exists() else []),
        f"  {'dvc repro':<27} trains without it; its clip, features and thumbnail go",
        f"  {promote:<27} lets the model serve that never saw it",
        *(["  dvc repro models/upscaler/dvc.yaml: its network learned it"] if UPSCALER.exists() else []),
        f"  git add {' '.join(changed)} && git commit",
        "out of reach from here:",
        "  DVC remotes: dvc gc --workspace --cloud, which takes the data of all older versions away",
        "  names: of older versions, in the tags of git (git tag -d) and in registry/",
        "  servers: their SORA_STATE keeps answers, jobs, observations, reviews, versions and search-*.db;",
        "    once the new model serves, stop them and delete those",
        *([f"  sora rollback refuses what learned it ({', '.join(versions)})"] if versions else []),
    ]


def _some(what: str, names: Sequence[str]) -> list[str]:
    lines = [f"  {what} {name}" for name in names[:_NUM_SHOWN]]
    more = len(names) - _NUM_SHOWN
    return [*lines, f"  and {more} more"] if more > 0 else lines
