"""A bundle for live use: features of one moment at a time, and an answer from those of a clip.

The head runs on the whole ring each time: 0.3 ms (linear) to 0.9 ms (LSTM) beside 14 ms for a moment of the
recipe fast. That is exact for every head, while a recurrent state carried on from clip to clip would be one
that training never saw.
"""

from pathlib import Path
from typing import Any

import numpy as np

from sora.bundle import read_bundle
from sora.decision import told
from sora.errors import SoraError, VideoError
from sora.frames.inputs import clean_clip, network_input, one_segment
from sora.runtimes import load_backbone, load_head, segment_features


class LiveClassifier:
    """A loaded bundle that takes a segment at a time; for one thread."""

    def __init__(self, folder: Path) -> None:
        """Load and check the bundle; raises SoraError where it cannot run live, is missing or damaged."""
        self.bundle = read_bundle(folder)
        try:
            self._spec = one_segment(self.bundle.spec)
        except SoraError as error:
            fault = f"{folder}: this model cannot run live: its {error}"
            raise SoraError(f"{fault}; train one with recipe: fast in params.yaml") from error
        self._backbone = load_backbone(self.bundle.backbone)
        self._head = load_head(self.bundle.head)

    def features(self, frames: np.ndarray) -> np.ndarray | None:
        """Return the features of a segment, float32 (F,), or None where it is too badly exposed.

        Args:
            frames: uint8 RGB (K, H, W, 3), in the size of ``sora.frames.inputs.decoded_size``.
        """
        try:
            clip = clean_clip(frames, self._spec.clip)
        except VideoError:
            return None
        return segment_features(network_input(clip, self._spec), self._backbone)[0]

    def answer(self, features: np.ndarray | None) -> dict[str, Any]:
        """Return what a user is told of a clip with features float32 (T, F), ready for JSON.

        That is ``label``, ``labels`` where a video may have several, and ``probabilities``; or ``error``.
        """
        if features is None:
            bounds = self._spec.clip.selection
            return {
                "error": "no moment looked at has a brightness between "
                f"{bounds.min_brightness} and {bounds.max_brightness}"
            }
        probabilities, _ = self._head(features)
        return told(probabilities, self.bundle.labels, several_labels=self.bundle.several_labels)
