"""What is told of an analysis, ready for JSON; opens no file."""

from itertools import pairwise
from typing import Any

from sora.apps.analysis.content import Analysis
from sora.apps.tagging.tags import as_json, tags


def told_tags(analysis: Analysis) -> dict[str, Any]:
    """Return what is seen and when: tags, the most probable label of each window, and the shots."""
    windows, best = analysis.windows, analysis.windows.probabilities.argmax(axis=1)
    timeline = [
        {
            "start_seconds": round(float(start), 3),
            "end_seconds": round(float(end), 3),
            "label": analysis.labels[place],
            "probability": round(float(probabilities[place]), 3),
        }
        for start, end, place, probabilities in zip(
            windows.starts, windows.ends, best.tolist(), windows.probabilities, strict=True
        )
    ]
    return {
        "duration_seconds": round(analysis.facts.duration_seconds, 3),
        "tags": as_json(tags(analysis)),
        "timeline": timeline,
        "shots": told_shots(analysis),
        **({"no_objects": analysis.no_objects} if analysis.no_objects else {}),
        **told_warning(analysis),
    }


def told_shots(analysis: Analysis) -> list[dict[str, float]]:
    """Return where each shot begins and ends."""
    edges = [0.0, *analysis.cuts_seconds, analysis.facts.duration_seconds]
    return [
        {"start_seconds": round(start, 3), "end_seconds": round(end, 3)}
        for start, end in pairwise(edges)
        if end > start
    ]


def told_warning(analysis: Analysis) -> dict[str, str]:
    """Return what could not be read or judged; nothing where all could."""
    gaps = [f"{gap.start_seconds:.1f} to {gap.end_seconds:.1f} s: {gap.reason}" for gap in analysis.gaps]
    warning = "; ".join([*([analysis.warning] if analysis.warning else []), *gaps])
    return {"warning": warning} if warning else {}
