"""Whether the figures may be trusted, in plain words: leaks, traces, robustness, time, explanations."""

from collections.abc import Iterator, Mapping
from typing import Any

from sora.quality.leaks import WHOLE_GROUPS
from sora.report.content import ReportContent
from sora.report.data_sheet import leaks
from sora.report.formats import counted, joined, percent, significant
from sora.report.summary import Statement

_HELD = 0.05  # loss of accuracy up to which a condition counts as withstood
_LARGE_LOSS = 0.1


def trust(content: ReportContent) -> list[Statement]:
    """Return what speaks for and against relying on the figures of this report."""
    return [
        *_leaks(content.validation),
        *_traces(content.validation),
        *_robustness(content.robustness),
        *_time(content.robustness),
        *_explanation(content.explanation),
        *(Statement("Note", text, is_caution=True) for text in content.evaluation.get("warnings") or []),
    ]


def _leaks(validation: Mapping[str, Any]) -> Iterator[Statement]:
    if not validation:
        return
    remaining, found = leaks(validation)
    split_groups = [row["reason"] for row in validation["warnings"] if row["rule"] == WHOLE_GROUPS]
    if remaining:
        text = f"{counted(remaining, 'pair')} of the same footage cross a split: the figures are too good."
    elif found:
        text = f"{counted(found, 'pair')} of the same footage crossed a split; one of each was set aside."
    else:
        text = "No footage was found on both sides of a split."
    yield Statement("Leaks", text, remaining > 0)
    if split_groups:
        yield Statement("Groups", f"{'; '.join(split_groups)}: the figures are too good.", is_caution=True)


def _traces(validation: Mapping[str, Any]) -> Iterator[Statement]:
    confounds = validation.get("confounds") if validation else None
    if not confounds:
        return
    telling = [name.replace("_", " ") for name in confounds["telling_columns"]]
    if telling:
        text = (
            f"File metadata ({joined(telling)}) gives the label away for {percent(confounds['accuracy'], 0)} "
            f"of the videos, where the most frequent label is right for {percent(confounds['chance'], 0)}: "
            "the model may have learnt such traces in place of the content."
        )
    else:
        text = "File metadata does not give the label away."
    yield Statement("Traces", text, bool(telling))


def _robustness(robustness: Mapping[str, Any]) -> Iterator[Statement]:
    conditions = robustness.get("conditions") or []
    if not conditions:
        return
    clean = robustness["accuracy"]
    worst = {row["title"]: min(row["levels"], key=lambda level: level["accuracy"]) for row in conditions}
    units = {row["title"]: row["unit"] for row in conditions}
    title = min(worst, key=lambda name: worst[name]["accuracy"])
    level, loss = worst[title], clean - worst[title]["accuracy"]
    videos = counted(robustness["num_videos"], "video")
    text = f"Of {videos}, {percent(clean, 0)} are named rightly as they are."
    if loss > 0:
        text += (
            f" What costs most is {title.lower()}: {percent(level['accuracy'], 0)} at "
            f"{significant(level['level'])} ({units[title]}; interval "
            f"{percent(level['accuracy_interval_low'], 0)} to {percent(level['accuracy_interval_high'], 0)})."
        )
    held = [name.lower() for name, level in worst.items() if clean - level["accuracy"] <= _HELD]
    if held:
        text += f" At most {100 * _HELD:.0f} points lost at every level of {joined(held)}."
    yield Statement("Worse videos", text, loss > _LARGE_LOSS)


def _time(robustness: Mapping[str, Any]) -> Iterator[Statement]:
    verdict = (robustness.get("time") or {}).get("verdict")
    if verdict:
        yield Statement("Time", verdict)


def _explanation(explanation: Mapping[str, Any]) -> Iterator[Statement]:
    deletion, insertion = explanation.get("deletion"), explanation.get("insertion")
    if not deletion or not insertion:
        return
    passes = (
        deletion["saliency_area"] < deletion["random_area"],
        insertion["saliency_area"] > insertion["random_area"],
    )
    areas = (
        f"hiding: area {deletion['saliency_area']:.2f} against {deletion['random_area']:.2f}, lower is "
        f"better; showing: {insertion['saliency_area']:.2f} against {insertion['random_area']:.2f}, higher "
        "is better"
    )
    if all(passes):
        text = f"The regions that they mark matter more than random ones ({areas})."
    else:
        failed = "one of two checks" if any(passes) else "both checks"
        text = f"The regions that they mark fail {failed} against random ones ({areas}): do not rely on them."
    yield Statement("Explanations", text, not all(passes))
