"""Which compressed model to serve: the fastest that is as good as the float one."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rule:
    """What a candidate may lose against the float model, which stands first in the table."""

    max_accuracy_loss: float
    max_probability_change: float


def choose(rows: list[dict[str, Any]], rule: Rule) -> tuple[str, str]:
    """Return the name of the fastest acceptable candidate and the reason; notes each refusal in its row.

    Rows have name, latency_ms_median, val_accuracy and max_probability_change; the first is the float model
    and always acceptable. Every row gets ``refused``: empty, or why it is not acceptable.
    """
    reference = rows[0]
    for row in rows:
        row["refused"] = _refusal(row, reference, rule)
    accepted = [row for row in rows if not row["refused"]]
    best = min(accepted, key=lambda row: row["latency_ms_median"])
    others = [f"{row['name']} {row['refused']}" for row in rows if row["refused"]]
    others += [
        f"{row['name']} takes {row['latency_ms_median']:.0f} ms" for row in accepted if row is not best
    ]
    reason = f"{best['name']} is the fastest acceptable one ({best['latency_ms_median']:.0f} ms a video)"
    return best["name"], "; ".join([reason, *others])


def _refusal(row: dict[str, Any], reference: dict[str, Any], rule: Rule) -> str:
    loss = reference["val_accuracy"] - row["val_accuracy"]
    if loss > rule.max_accuracy_loss:
        return f"loses {loss:.3f} accuracy on validation videos, {rule.max_accuracy_loss} is allowed"
    if row["max_probability_change"] > rule.max_probability_change:
        return (
            f"changes a probability by {row['max_probability_change']:.4f}, "
            f"{rule.max_probability_change} is allowed"
        )
    return ""
