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
from sora.explanation.maps import SplitBackbone, split_backbone
from sora.frames.inputs import by_segment
from sora.guard import Guard
from sora.runtimes import Backbone, Head, load_backbone, load_head
from sora.serving.answering.pictures import as_jpeg

NUM_SHOWN = 4
_COARSE_CELLS = 4  # where each cell takes a pass of the backbone


class Explainer:
    """Explains answers by the networks that give them; they are loaded when the first is asked for."""

    def __init__(self, bundle: Bundle) -> None:
        """Load nothing yet."""
        self.bundle = bundle

    def explained(self, clip: np.ndarray) -> Explanation:
        """Explain the answer to a clean clip, uint8 RGB (T * K, S, S, 3)."""
        spec, several = self.bundle.spec, self.bundle.several_labels
        if self._halves is None:
            return explain_by_pixels(
                clip, spec, self._backbone, self._head, several_labels=several, grid_cells=_COARSE_CELLS
            )
        return explain(clip, spec, self._halves, self._head, several_labels=several)

    @functools.cached_property
    def _halves(self) -> SplitBackbone | None:
        try:
            return split_backbone(self.bundle.backbone)
        except SoraError:  # a LiteRT network cannot be cut
            return None

    @functools.cached_property
    def _backbone(self) -> Backbone:
        return load_backbone(self.bundle.backbone)

    @functools.cached_property
    def _head(self) -> Head:
        return load_head(self.bundle.head)


def told_saliency(path: Path, guard: Guard, explainer: Explainer, duration_seconds: float) -> dict[str, Any]:
    """Return the label that is explained and, in order of time, the moments that spoke most for it.

    Raises:
        VideoError: no clip can be read.
    """
    bundle = explainer.bundle
    clip = guard.call(read_clean_clip, path, bundle.spec.clip).pixels
    found = explainer.explained(clip)
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
