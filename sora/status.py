"""What ``sora status`` says of the pipeline in this folder."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from sora import layout
from sora.registry.pointer import read_pointer
from sora.stages import STAGES


def status_lines() -> list[str]:
    """Return what is trained, on what, how good it is, what serves, what is stale and what to do next.

    Raises:
        SoraError: the registry is damaged.
    """
    metrics, compression = _read(layout.METRICS), _read(layout.COMPRESSION)
    if not metrics or not compression:
        return ["nothing is trained here yet", "next: dvc repro"]
    stale, bundle = stale_stages(), _read(layout.BUNDLE / "bundle.json")
    pointer = read_pointer(layout.REGISTRY)
    serves_this = pointer is not None and pointer.bundle_version == bundle.get("version")
    return [
        *_data_lines(_read(layout.VALIDATION)),
        *_metric_lines(metrics),
        *_model_lines(compression, bundle),
        f"serves      {pointer.version if pointer else 'nothing'}",
        f"stale       {', '.join(stale) if stale else 'nothing'}",
        "",
        *(["next: dvc repro"] if stale else _next_lines(serves_this)),
    ]


def _data_lines(validation: dict[str, Any]) -> list[str]:
    return [
        f"videos      {validation['num_valid']} valid of {validation['num_videos']}, "
        f"{validation['num_quarantined']} set aside ({layout.QUARANTINE})",
        f"labels      {', '.join(validation['groups_per_label'])}",
    ]


def _metric_lines(metrics: dict[str, Any]) -> list[str]:
    interval = f"{metrics['accuracy_interval_low']:.3f} to {metrics['accuracy_interval_high']:.3f}"
    rightly = " with all labels right," if metrics["kind"] == "several_labels" else ""
    return [
        f"accuracy    {metrics['accuracy']:.3f}{rightly} on {metrics['num_test_videos']} test videos "
        f"(95 %: {interval}, {metrics['accuracy_interval_method']})",
        f"macro       F1 {metrics['macro_f1']:.3f}, precision {metrics['macro_precision']:.3f}, "
        f"recall {metrics['macro_recall']:.3f}",
    ]


def _model_lines(compression: dict[str, Any], bundle: dict[str, Any]) -> list[str]:
    lines = [f"model       {compression['chosen']}, version {bundle.get('version', 'unknown')}"]
    width = max(len(row["name"]) for row in compression["candidates"])
    for row in compression["candidates"]:
        mark = "*" if row["name"] == compression["chosen"] else " "
        lines.append(
            f"          {mark} {row['name']:<{width}} {row['size_bytes'] / 1e6:6.1f} MB "
            f"{row['latency_ms_median']:7.0f} ms a video   accuracy {row['accuracy']:.3f}"
        )
    return lines


def _next_lines(serves_this: bool) -> list[str]:
    return [
        "next: sora report",
        *([] if serves_this else ["      sora promote"]),
        "      sora predict VIDEO...",
        "      bentoml serve sora-video:latest",
    ]


def stale_stages() -> list[str]:
    """Return the stages that DVC would run again; where DVC cannot tell, its reason."""
    command = [sys.executable, "-m", "dvc", "status", "--json"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        return [f"unknown (dvc status: {finished.stderr.strip().splitlines()[-1]})"]
    changed = json.loads(finished.stdout or "{}")
    return [name for name in STAGES if name in changed]


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
