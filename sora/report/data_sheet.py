"""The data sheet: what the videos are, and what validate found out about them."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from sora.report.formats import counted, duration, joined, percent, significant, size

MAX_COPIES = 24
_MAX_VALUES = 4


def data_sheet(videos: pd.DataFrame) -> list[tuple[str, str]]:
    """Return name and text of each fact about the videos that train and test the model.

    ``videos``: a row for each, with the columns of the manifest.
    """
    if videos.empty:
        return []
    seconds = videos["duration_seconds"]
    spread = f"{duration(seconds.min())} to {duration(seconds.max())}, median {duration(seconds.median())}"
    sides = zip(videos["width"], videos["height"], strict=True)
    sizes = [f"{width} × {height} px" for width, height in sides]
    rates = [f"{significant(fps, 4)} a second" for fps in videos["fps"]]
    audio = float(videos["has_audio"].astype(bool).mean())
    return [
        ("Videos", f"{len(videos)} of {counted(videos['group'].nunique(), 'group')}"),
        ("Duration", f"{duration(seconds.sum())} in all; {spread}"),
        ("Files", f"{size(videos['size_bytes'].sum())} in all"),
        ("Picture", _frequent(sizes)),
        ("Frames", _frequent(rates)),
        ("Codec", _frequent(list(videos["video_codec"]))),
        ("Sound", {0.0: "none", 1.0: "all"}.get(audio, percent(audio, 0) + " of the videos")),
    ]


def data_quality(validation: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the report shows of validate's JSON report: warnings by rule, and copies that matter."""
    if not validation:
        return {}
    warnings: dict[str, list[str]] = {}
    for row in validation["warnings"]:
        line = f"{row['path']}: {row['reason']}" if row["path"] else row["reason"]
        warnings.setdefault(row["rule"], []).append(line)
    pairs = validation["near_duplicates"]
    copies = [pair for pair in pairs if _matters(pair)]
    return {
        "warnings": warnings,
        "confounds": validation["confounds"],
        "copies": copies,
        "shown_copies": copies[:MAX_COPIES],
        "num_harmless_copies": len(pairs) - len(copies),
        "released": validation["released"],
    }


def leaks(validation: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many pairs of copies stand on both sides of a split, and how many did before quarantine."""
    crossing = [pair for pair in validation["near_duplicates"] if _crosses(pair)]
    gone = validation["quarantined"]
    remaining = [pair for pair in crossing if pair["path"] not in gone and pair["other"] not in gone]
    return len(remaining), len(crossing)


def _crosses(pair: Mapping[str, Any]) -> bool:
    return bool(pair["split"] and pair["other_split"]) and pair["split"] != pair["other_split"]


def _matters(pair: Mapping[str, Any]) -> bool:
    ends = ("label", "group", "split")
    return pair["kind"] == "exact" or any(pair[name] != pair[f"other_{name}"] for name in ends)


def _frequent(values: list[str]) -> str:
    """Write the most frequent values with their counts; the only one without."""
    counts = pd.Series(values).value_counts()
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    if len(ordered) == 1:
        return str(ordered[0][0])
    shown = [f"{value} ({count})" for value, count in ordered[:_MAX_VALUES]]
    if len(ordered) > _MAX_VALUES:
        shown.append(f"{len(ordered) - _MAX_VALUES} more")
    return joined(shown)
