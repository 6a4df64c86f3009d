"""Charts of the JSON of stress and explain."""

from collections.abc import Mapping
from typing import Any

from sora.report.charts import Chart, Series
from sora.report.formats import percent, significant

_CHECKS = (
    ("deletion", "hidden", "Hiding"),
    ("insertion", "shown", "Showing"),
)


def robustness_charts(robustness: Mapping[str, Any], chance: float) -> list[Chart]:
    """Return a chart of accuracy for each condition, from the clean videos to the strongest level.

    ``robustness``: the JSON report of stress. ``chance``: the accuracy of the most frequent answer.
    """
    return [_condition_chart(row, robustness, chance) for row in robustness.get("conditions", [])]


def explanation_charts(explanation: Mapping[str, Any]) -> list[Chart]:
    """Return the deletion and insertion curves of regions and of moments, each against random.

    ``explanation``: the JSON report of explain. The curves are those of Petsiuk, Das and Saenko, "RISE:
    Randomized Input Sampling for Explanation of Black-box Models", 2018.
    """
    parts = (("regions", explanation), ("moments", explanation.get("frames") or {}))
    return [
        _check_chart(f"{verb} {what}", f"Share of {what} {done}", part[check])
        for what, part in parts
        for check, done, verb in _CHECKS
        if part.get(check)
    ]


def _condition_chart(condition: Mapping[str, Any], clean: Mapping[str, Any], chance: float) -> Chart:
    rows = [clean, *condition["levels"]]
    positions = [number / max(1, len(rows) - 1) for number in range(len(rows))]
    names = ["clean", *(significant(row["level"]) for row in condition["levels"])]
    values = [row["accuracy"] for row in rows]
    written = ", ".join(f"{name}: {percent(value, 0)}" for name, value in zip(names, values, strict=True))
    measured = Series(
        "accuracy, with its 95 % interval",
        positions,
        values,
        [row["accuracy_interval_low"] for row in rows],
        [row["accuracy_interval_high"] for row in rows],
    )
    guess = Series("most frequent answer", (0, 1), (chance, chance), look="reference")
    return Chart(
        condition["title"],
        f"Accuracy by {condition['title'].lower()}; {written}",
        condition["unit"],
        list(zip(positions, names, strict=True)),
        (guess, measured),
    )


def _check_chart(title: str, x_title: str, curves: Mapping[str, Any]) -> Chart:
    fractions = curves["fractions"]
    area = f"area {curves['saliency_area']:.2f} for what the explanation marks"
    return Chart(
        title,
        f"{title}: mean probability of the predicted label; {area}, {curves['random_area']:.2f} at random",
        x_title,
        [(share, percent(share, 0)) for share in (0, 0.5, 1)],
        (
            Series("at random", fractions, curves["random"], look="other"),
            Series("most important first", fractions, curves["saliency"]),
        ),
    )
