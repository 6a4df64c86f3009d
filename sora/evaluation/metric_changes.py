"""Two sides' metrics.json, number by number."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class MetricChange:
    """A number of metrics.json under the name that ``dvc metrics diff`` gives it; None where a side lacks it.

    It is each side's own, of all its held-out videos.
    """

    name: str
    before: float | None
    after: float | None
    difference: float | None


def metric_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[MetricChange, ...]:
    """Return every number of either side, in its order; text is left out."""
    old, new = _numbers(before), _numbers(after)
    return tuple(
        MetricChange(name, old.get(name), new.get(name), _minus(new.get(name), old.get(name)))
        for name in {**old, **new}
    )


def _numbers(metrics: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            found |= _numbers(value, f"{prefix}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[f"{prefix}{name}"] = value
    return found


def _minus(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before
