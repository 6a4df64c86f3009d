"""What an answer hung on, as pictures: the moments that counted most, with what counted in them."""

import functools
from pathlib import Path
from typing import Any

import numpy as np

from sora.bundle import Bundle
from sora.clip import read_clean_clip
from sora.errors import SoraError
from sora.explanation.explain import Explanation, explain, explain_by_pixels
from sora.explanation.filmstrip import with_heat
from sora.explanation.maps import split_backbone
from sora.frames.inputs import by_segment
from sora.guard import Guard
from sora.runtimes import kept_backbone, kept_head
from sora.serving.answering.pictures import as_jpeg

NUM_SHOWN = 4
_COARSE_CELLS = 4  # where each cell takes a pass of the backbone
_kept_halves = functools.cache(split_backbone)


def told_saliency(path: Path, guard: Guard, bundle: Bundle, duration_seconds: float) -> dict[str, Any]:
    """Return the label that is explained and, in order of time, the moments that spoke most for it.

    Raises:
        VideoError: no clip can be read.
    """
    clip = guard.call(read_clean_clip, path, bundle.spec.clip).pixels
    found = explained(clip, bundle)
    frames = by_segment(clip, bundle.spec.clip)[:, 0]
    shown = np.sort(np.argsort(-found.importance.moments, kind="stable")[:NUM_SHOWN])
    cells = np.clip(found.importance.cells, 0, None)
    heat = cells / max(float(cells.max()), np.finfo(float).tiny)
    return {
        "label": bundle.labels[found.label],
        "probability": round(found.probability, 4),
        "frames": [
            {
                "time_seconds": round((int(place) + 0.5) / len(frames) * duration_seconds, 3),
                "importance": round(float(found.importance.moments[place]), 4),
                "image": as_jpeg(with_heat(frames[place], heat[place])),
            }
            for place in shown
        ],
    }


def explained(clip: np.ndarray, bundle: Bundle) -> Explanation:
    """Explain the answer to a clean clip, uint8 RGB (T * K, S, S, 3), by the networks that serve."""
    head, several = kept_head(bundle.head), bundle.several_labels
    try:
        halves = _kept_halves(bundle.backbone)
    except SoraError:  # a LiteRT network cannot be cut
        backbone = kept_backbone(bundle.backbone)
        return explain_by_pixels(
            clip, bundle.spec, backbone, head, several_labels=several, grid_cells=_COARSE_CELLS
        )
    return explain(clip, bundle.spec, halves, head, several_labels=several)
