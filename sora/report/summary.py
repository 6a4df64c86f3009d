"""How good the model is, in plain words: every sentence is computed from numbers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sora.evaluation.mistakes import most_confused
from sora.report.content import ReportContent
from sora.report.formats import counted, percent, points, significant, size

BASELINES = {
    "metadata": "the file's metadata alone",
    "mean_pooled": "averaged features and a linear classifier",
}
_LARGE_CALIBRATION_ERROR = 0.1


@dataclass(frozen=True)
class Statement:
    """A sentence or two about one question; ``is_caution``: speaks against relying on the model."""

    topic: str
    text: str
    is_caution: bool = False


def performance(content: ReportContent) -> list[Statement]:
    """Return how good the model is, whether simpler ones do as well, and where it fails."""
    return [
        *_accuracy(content),
        *(_baseline(title, found) for title, found in baselines_beside(content.metrics)),
        *_failures(content),
        *_slices(content),
        *_calibration(content),
        *_shipped(content.shipped),
    ]


def baselines_beside(metrics: Mapping[str, Any]) -> list[tuple[str, dict[str, float]]]:
    """Return the title and the figures of each baseline that evaluate trained."""
    found = metrics.get("baselines") or {}
    return [(title, found[name]) for name, title in BASELINES.items() if found.get(name)]


def _accuracy(content: ReportContent) -> Iterator[Statement]:
    metrics = content.metrics
    low, high = metrics["accuracy_interval_low"], metrics["accuracy_interval_high"]
    named = "all labels, and no other," if content.has_several_labels else "the right label"
    text = (
        f"It names {named} for {percent(metrics['accuracy'])}, with {percent(0.95, 0)} confidence "
        f"{percent(low)} to {percent(high)}; always giving the most frequent answer would be right for "
        f"{percent(content.chance)}."
    )
    if "top_3_accuracy" in metrics:
        text += f" The right label is among the first three for {percent(metrics['top_3_accuracy'])}."
    no_better = low <= content.chance
    if no_better:
        text += " That it does no better than this is not ruled out."
    yield Statement("Accuracy", text, no_better)


def _baseline(title: str, found: Mapping[str, float]) -> Statement:
    low, high = found["difference_low"], found["difference_high"]
    verdict = "Better than" if low > 0 else "Worse than" if high < 0 else "Not shown to be better than"
    text = (
        f"{verdict} {title}, which reaches {percent(found['accuracy'])}: the difference is "
        f"{points(found['difference'])} points ({points(low)} to {points(high)})."
    )
    return Statement("Against a simple method", text, is_caution=low <= 0)


def _failures(content: ReportContent) -> Iterator[Statement]:
    if content.has_several_labels:
        worst = min(content.per_class, key=lambda row: (row["f1"], row["label"]))
        text = f"Weakest label: {worst['label']}, found in {percent(worst['recall'])} of its videos"
        yield Statement("Fails most", f"{text}, F1 {percent(worst['f1'])}.")
        return
    confused = most_confused(content.predictions)
    if confused:
        true, predicted, count, total = confused
        videos = counted(total, "video")
        yield Statement("Fails most", f"{true} is taken for {predicted} in {count} of {videos}.")
    elif content.predictions:
        worst_case = percent(1 - content.metrics["accuracy_interval_low"])
        text = f"No test video is named wrongly; so few of them do not rule out errors in {worst_case}."
        yield Statement("Fails most", text)


def _slices(content: ReportContent) -> Iterator[Statement]:
    rows = content.evaluation.get("slices") or []
    if not rows:
        return
    worst, overall = rows[0], content.metrics["accuracy"]
    low, high = worst["accuracy_interval_low"], worst["accuracy_interval_high"]
    is_clear = high < overall
    rest = (
        "clearly below the whole."
        if is_clear
        else f"which holds the {percent(overall)} of the whole: it may be chance."
    )
    text = (
        f"{worst['column']} {worst['value']}: {percent(worst['accuracy'])} of "
        f"{counted(worst['num_videos'], 'video')}, interval {percent(low)} to {percent(high)}, {rest}"
    )
    yield Statement("Most surely weak slice", f"{text[0].upper()}{text[1:]}", is_clear)


def _calibration(content: ReportContent) -> Iterator[Statement]:
    error = content.metrics.get("expected_calibration_error")
    if error is None:
        return
    text = f"Its probabilities are off by {points(error).lstrip('+')} points on average"
    bins = [row for row in content.evaluation.get("reliability") or [] if row["num_videos"]]
    if bins:
        total = sum(row["num_videos"] for row in bins)
        excess = sum(row["num_videos"] * (row["mean_confidence"] - row["accuracy"]) for row in bins) / total
        side = "more" if excess > 0 else "less"
        text += f"; taken together, it is {side} sure than it is right, by {points(abs(excess))[1:]} points"
    yield Statement("Probabilities", text + ".", error > _LARGE_CALIBRATION_ERROR)


def _shipped(candidate: Mapping[str, Any]) -> Iterator[Statement]:
    if candidate:
        yield Statement(
            "Shipped as",
            f"{candidate['name']}: {size(candidate['size_bytes'])}, "
            f"{significant(candidate['latency_ms_median'])} ms a video, "
            f"{percent(candidate['accuracy'])} accuracy.",
        )
