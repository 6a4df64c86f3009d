"""Running an exported bundle: a video in, probabilities and an embedding out; without Keras or TensorFlow."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sora.bundle import read_bundle
from sora.clip import read_clean_clip
from sora.decision import decided_labels, told
from sora.errors import SoraError
from sora.frames.inputs import network_input
from sora.guard import Budget, Guard
from sora.runtimes import load_backbone, load_head, segment_features


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the networks say of one video.

    Attributes:
        probabilities: label to probability in [0, 1], in the order of the bundle's labels.
        label: the most probable one.
        labels: all that the video is said to have; ``label`` alone unless the bundle's are independent.
        embedding: float32 (E,).
        warning: empty, or where and why decoding broke.
    """

    probabilities: dict[str, float]
    label: str
    labels: tuple[str, ...]
    embedding: np.ndarray
    warning: str


class Judgement(NamedTuple):
    """What the networks say of one clip.

    Attributes:
        features: float32 (T, F), of all streams, then the descriptors.
        probabilities: float32 (C,) in [0, 1].
        embedding: float32 (E,).
    """

    features: np.ndarray
    probabilities: np.ndarray
    embedding: np.ndarray


class Predictor:
    """A loaded bundle; videos are read in child processes (``guard``), for nobody vouches for them.

    Threads may share it: videos are read side by side, the networks run one at a time.
    """

    def __init__(self, bundle_folder: Path, budget: Budget | None = None) -> None:
        """Load and check the bundle; raises SoraError where it is missing or damaged."""
        self.guard = Guard(budget, os.cpu_count() or 1)
        self.guard.warm_up()
        self.bundle = read_bundle(bundle_folder)
        self._backbone = load_backbone(self.bundle.backbone)
        self._head = load_head(self.bundle.head)

    def predict(self, path: Path) -> Prediction:
        """Predict one video file.

        Raises:
            VideoError: it does not decode, crashes the decoder or goes beyond the budget, or no moment of it
                is well exposed.
        """
        clip = self.guard.call(read_clean_clip, Path(path), self.bundle.spec.clip)
        _, probabilities, embedding = self.judge(clip.pixels)
        labels, several_labels = self.bundle.labels, self.bundle.several_labels
        named = {label: float(value) for label, value in zip(labels, probabilities, strict=True)}
        return Prediction(
            probabilities=named,
            label=labels[int(probabilities.argmax())],
            labels=decided_labels(probabilities, labels, several_labels=several_labels),
            embedding=embedding,
            warning=clip.warning,
        )

    def judge(self, clip: np.ndarray) -> Judgement:
        """Judge a clean clip, uint8 RGB (T * K, S, S, 3), as ``read_clean_clip`` gives it.

        Raises:
            SoraError: the head does not fit the labels.
        """
        features = segment_features(network_input(clip, self.bundle.spec), self._backbone)
        probabilities, embedding = self._head(features)
        if len(probabilities) != len(self.bundle.labels):
            raise SoraError(
                f"{self.bundle.head}: gives {len(probabilities)} probabilities for "
                f"{len(self.bundle.labels)} labels"
            )
        return Judgement(features, probabilities, embedding)

    def answer(self, path: Path) -> dict[str, Any]:
        """Predict one video file as ``predict`` does; give what a user is told, ready for JSON.

        That is ``label``, ``labels`` where a video may have several, ``probabilities``, and ``warning`` where
        there is one.
        """
        found = self.predict(path)
        probabilities = np.array([*found.probabilities.values()])
        answer = told(probabilities, self.bundle.labels, several_labels=self.bundle.several_labels)
        return {**answer, **({"warning": found.warning} if found.warning else {})}
