"""Running an exported bundle: a video in, probabilities and an embedding out; without Keras or TensorFlow."""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sora.batching import Batcher
from sora.bundle import read_bundle
from sora.clip import read_clean_clip
from sora.decision import decided_labels, told
from sora.errors import SoraError
from sora.frames.inputs import network_input
from sora.frames.spec import InputSpec
from sora.guard import Budget, Guard
from sora.runtimes import Backbone, load_backbone, load_head, segment_features

_NUM_ID_DIGITS = 16  # of a content hash
_NUM_CORES = os.cpu_count() or 1
_MOST_AT_ONCE = _NUM_CORES + 1  # clips that are made ready and judged; more crowd memory and caches


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

    Threads may share it: videos are read and made ready side by side, and images of different videos go
    through the backbone together.
    """

    def __init__(self, bundle_folder: Path, budget: Budget | None = None) -> None:
        """Load and check the bundle; raises SoraError where it is missing or damaged."""
        self.guard = Guard(budget, os.cpu_count() or 1)
        self.guard.warm_up()
        try:
            self.bundle = read_bundle(bundle_folder)
            self._backbone = _shared(load_backbone(self.bundle.backbone), self.bundle.spec)
            self._head = load_head(self.bundle.head)
        except BaseException:
            self.guard.close()
            raise
        self._turns = threading.BoundedSemaphore(_MOST_AT_ONCE)

    def warm_up(self) -> None:
        """Run all networks once, so that the first video takes no longer than the next."""
        clip = self.bundle.spec.clip
        num_frames = clip.num_segments * clip.frames_per_segment
        self.judge(np.zeros((num_frames, clip.image_size_px, clip.image_size_px, 3), np.uint8))

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
        with self._turns:
            features = segment_features(network_input(clip, self.bundle.spec), self._backbone)
        probabilities, embedding = self._head(features)
        if len(probabilities) != len(self.bundle.labels):
            raise SoraError(
                f"{self.bundle.head}: gives {len(probabilities)} probabilities for "
                f"{len(self.bundle.labels)} labels"
            )
        return Judgement(features, probabilities, embedding)

    def answer(self, path: Path) -> dict[str, Any]:
        """Predict one video file as ``predict`` does; give what ``told`` makes of it."""
        return self.told(self.predict(path))

    def told(self, found: Prediction) -> dict[str, Any]:
        """Give what a user is told of a prediction, ready for JSON.

        That is ``label``, ``labels`` where a video may have several, ``probabilities``, and ``warning`` where
        there is one.
        """
        probabilities = np.array([*found.probabilities.values()])
        answer = told(probabilities, self.bundle.labels, several_labels=self.bundle.several_labels)
        return {**answer, **({"warning": found.warning} if found.warning else {})}


def prediction_id(content_hash: str, model_version: str) -> str:
    """Return the name of what a version of the model says of a video, the same wherever it is asked.

    Args:
        content_hash: SHA-256 of the video, hexadecimal.
        model_version: of the bundle.
    """
    return f"{content_hash[:_NUM_ID_DIGITS]}-{model_version}"


def _shared(backbone: Backbone, spec: InputSpec) -> Backbone:
    """Let threads share a backbone; images of several videos are one batch where each is looked at alone."""

    def apart(clips: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [backbone(images) for images in clips]

    def together(clips: Sequence[np.ndarray]) -> list[np.ndarray]:
        ends = list(accumulate(map(len, clips)))
        return np.split(backbone(np.concatenate(clips)), ends[:-1])

    looks_at_clips = not spec.backbone_blocks  # it was trained from them
    shared: Batcher[np.ndarray, np.ndarray] = Batcher(
        lambda clips: (apart if looks_at_clips or len(clips) == 1 else together)(clips),
        max_size=_MOST_AT_ONCE,
        num_at_once=_NUM_CORES,
    )
    return shared
