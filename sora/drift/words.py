"""What a comparison means, in sentences that are computed from its numbers, and as JSON."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sora.drift.alarm import Alarm
from sora.drift.compare import Difference, Drift
from sora.drift.describe import STRIP_QUANTILES, Mix, Numbers, described
from sora.drift.sample import Sample
from sora.report.formats import counted, percent, significant

_NAMED = 4
_FEW_UNITS = 50
_QUANTILE_NAMES = ("5 % are below", "25 % are below", "median", "75 % are below", "95 % are below")
_CAUTION = (
    "Every video was taken for a source of its own. If several show one person, place or camera, chance "
    "explains more than this says: name their groups and compare again."
)
_ADVICE = {
    "embeddings": (
        "To the model these videos look different from those that it was measured on: how good it is on them "
        "is not known. Label some of them, measure, and train with them."
    ),
    "predictions": (
        "The videos look alike to the model, but its answers have shifted: either other things are shown, or "
        "it is less or more sure than before. Label some of them and measure."
    ),
    "inputs": (
        "The files are of another kind, but the model sees in them what it saw before. Its figures may still "
        "hold; label some of them to know."
    ),
}


def headline(drift: Drift) -> str:
    """Return the verdict in a few words."""
    return "These videos have drifted" if drift.has_drifted else "No drift was found"


def sentences(drift: Drift) -> list[str]:
    """Return the verdict, what moved, and what that means."""
    p_value = written_p_value(drift.p_value)
    if not drift.has_drifted:
        found = (
            f"Nothing about {drift.window.title} differs from {drift.reference.title} by more than chance "
            f"explains ({p_value}, corrected for {counted(len(drift.differences), 'test')})."
        )
        few = f"With {_counted_units(drift.window, drift.units.num_window)}, only large changes would show."
        return [found, few] if drift.units.num_window < _FEW_UNITS else [found]
    lead = drift.moved[:_NAMED]
    more = len(drift.moved) - len(lead)
    moved = "; ".join(_sentence_part(drift, each) for each in lead) + (f"; {more} more" if more else "")
    parts = {each.part for each in drift.moved}
    advice = next(text for part, text in _ADVICE.items() if part in parts)
    caution = [] if drift.window.has_groups else [_CAUTION]
    return [
        f"{_capital(drift.window.title)} differ from {drift.reference.title} by more than chance explains "
        f"({p_value}, corrected for {counted(len(drift.differences), 'test')}).",
        f"What moved: {moved}.",
        advice,
        *caution,
    ]


def written_p_value(value: float) -> str:
    """Write a p-value as people do."""
    return f"p = {value:.3f}" if value >= 0.001 else "p < 0.001"


def plain_name(difference: Difference) -> str:
    """Return what a property is called."""
    return {"label": "mix of labels", "embedding": "embeddings"}.get(
        difference.name, difference.name.replace("_", " ")
    )


def as_json(drift: Drift, raised: Alarm, not_judged: Mapping[str, str]) -> dict[str, Any]:
    """Return all of a comparison, ready for JSON; ``not_judged`` are reasons by file."""
    return {
        "has_drifted": drift.has_drifted,
        "p_value": drift.p_value,
        "alpha": drift.alpha,
        "alarm": asdict(raised),
        "says": [headline(drift) + ".", *sentences(drift)],
        "model_version": drift.window.model_version,
        "reference": _side(drift.reference, drift.units.count - drift.units.num_window),
        "window": _side(drift.window, drift.units.num_window),
        "differences": [{**asdict(each), **_described(drift, each)} for each in drift.differences],
        "facts_left_out": list(drift.left_out),
        "not_judged": dict(not_judged),
    }


def _side(sample: Sample, num_units: int) -> dict[str, Any]:
    return {"what": sample.title, "num_videos": len(sample), "num_independent": num_units}


def _described(drift: Drift, difference: Difference) -> dict[str, Any]:
    found = described(drift, difference)
    if isinstance(found, Numbers):
        return {"reference_quantiles": list(found.reference), "window_quantiles": list(found.window)}
    if isinstance(found, Mix):
        rows = zip(found.categories, found.reference, found.window, strict=True)
        return {"shares": {name: {"reference": a, "window": b} for name, a, b in rows}}
    return {}


def _sentence_part(drift: Drift, difference: Difference) -> str:
    found, name = described(drift, difference), plain_name(difference)
    if isinstance(found, Numbers):
        return f"{name} ({_numbers_part(found)})"
    if isinstance(found, Mix):
        place = max(range(len(found.categories)), key=lambda at: abs(found.window[at] - found.reference[at]))
        before, now = percent(found.reference[place], 0), percent(found.window[place], 0)
        return f"{name} ({found.categories[place]}: {before}, now {now})"
    return f"{name} (effect {difference.effect:.2f} of 1)"


def _numbers_part(numbers: Numbers) -> str:
    """Write the median on both sides; where that is the same, the quantile that moved most."""
    pairs = list(zip(numbers.reference, numbers.window, strict=True))
    place = STRIP_QUANTILES.index(0.5)
    if significant(pairs[place][0]) == significant(pairs[place][1]):
        place = max(range(len(pairs)), key=lambda at: abs(pairs[at][0] - pairs[at][1]))
    before, now = map(significant, pairs[place])
    return f"{_QUANTILE_NAMES[place]} {before}, now {now}"


def _counted_units(sample: Sample, num_units: int) -> str:
    return counted(num_units, "group" if sample.has_groups else "video")


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
