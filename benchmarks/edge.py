"""The exported model beside `sora predict`: how large it is, and whether it says the same.

    python benchmarks/edge.py MODEL VIDEO... [--json FILE]

MODEL is a bundle (models/sora). It is exported to a temporary folder, where the runner answers for the videos
in a process of its own. Ends with 1 where a label differs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sora.edge.export import export_edge, size_bytes
from sora.predictor import Predictor


def main() -> int:
    """Export, ask both, print; return 1 where they differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="a bundle")
    parser.add_argument("videos", type=Path, nargs="+", metavar="VIDEO")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    videos = [video.resolve() for video in options.videos]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "edge")
        bundle = export_edge(folder, options.model)
        start = time.perf_counter()
        edge = edge_answers(folder, videos)
        figures = {
            "variant": bundle.edge_variant,
            "size_mb": round(size_bytes(folder) / 1e6, 2),
            "model_mb": round(size_bytes(bundle.folder) / 1e6, 2),
            "edge_seconds_a_video": round((time.perf_counter() - start) / len(videos), 2),
            **compared(edge, options.model, videos),
        }
    print(json.dumps(figures, indent=2))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return int(figures["same_label"] < len(videos))


def edge_answers(folder: Path, videos: list[Path]) -> list[dict[str, Any]]:
    """Return what the runner prints; it sees none of the project but what was exported."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, str(folder / "predict.py"), *map(str, videos)]
    finished = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    return [json.loads(line) for line in finished.stdout.splitlines()]


def compared(edge: list[dict[str, Any]], model: Path, videos: list[Path]) -> dict[str, Any]:
    """Return how many labels are the same, how far probabilities lie apart at most, and who differs."""
    predictor = Predictor(model)
    differing, gaps = [], []
    for video, there in zip(videos, edge, strict=True):
        here = predictor.answer(video)
        if "error" in there or there["label"] != here["label"]:
            differing.append({"video": video.name, "edge": there, "predict": here})
            continue
        gaps.append(
            max(abs(there["probabilities"][k] - here["probabilities"][k]) for k in here["probabilities"])
        )
    return {
        "videos": len(videos),
        "same_label": len(videos) - len(differing),
        "largest_probability_gap": round(max(gaps, default=0.0), 4),
        "differing": differing,
    }


if __name__ == "__main__":
    sys.exit(main())
