"""What the networks said of the windows so far; of each only a few numbers are kept."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from sora.apps.analysis.content import Gap, Looks, Windows
from sora.apps.analysis.models import Models
from sora.apps.analysis.nsfw import NsfwNetwork
from sora.apps.analysis.objects import ObjectClassifier, object_columns
from sora.apps.analysis.reading import Part
from sora.apps.analysis.windows import ShotWindow
from sora.errors import VideoError


class _Judged(NamedTuple):
    window: ShotWindow
    key_seconds: float
    probabilities: np.ndarray
    embedding: np.ndarray
    objects: np.ndarray


@dataclass
class Findings:
    """Grows window by window.

    Attributes:
        models: which judge.
        gaps: what could not be judged.
    """

    models: Models
    gaps: list[Gap] = field(default_factory=list)
    _judged: list[_Judged] = field(default_factory=list)
    _look_times: list[np.ndarray] = field(default_factory=lambda: [np.empty(0)])
    _look_scores: list[np.ndarray] = field(default_factory=lambda: [np.empty(0, np.float32)])

    def add(self, window: ShotWindow, part: Part | VideoError) -> None:
        """Judge what was read of a window."""
        if isinstance(part, VideoError):
            self._leave_out(window, str(part))
            return
        if isinstance(self.models.nsfw, NsfwNetwork):
            self._look_times.append(part.look_times)
            self._look_scores.append(self.models.nsfw.scores(part.looks))
        if part.reason:
            self._leave_out(window, part.reason)
        if part.clip is None:
            return
        features, probabilities, embedding = self.models.predictor.judge(part.clip)
        share = (most_typical(features) + 0.5) / len(features)
        key = window.start_seconds + share * (window.end_seconds - window.start_seconds)
        self._judged.append(_Judged(window, key, probabilities, embedding, self._objects(features)))

    def windows(self) -> Windows:
        """Give what was judged.

        Raises:
            VideoError: nothing was.
        """
        if not self._judged:
            raise VideoError(self.gaps[0].reason)
        windows, keys, probabilities, embeddings, objects = zip(*self._judged, strict=True)
        return Windows(
            starts=np.array([window.start_seconds for window in windows]),
            ends=np.array([window.end_seconds for window in windows]),
            keys=np.array(keys),
            shots=np.array([window.shot for window in windows], np.int64),
            probabilities=np.stack(probabilities),
            embeddings=np.stack(embeddings),
            objects=np.stack(objects),
        )

    def looks(self) -> Looks | None:
        """Give what was said of single frames, where there is a network for that."""
        if not isinstance(self.models.nsfw, NsfwNetwork):
            return None
        return Looks(np.concatenate(self._look_times), np.concatenate(self._look_scores))

    def _leave_out(self, window: ShotWindow, reason: str) -> None:
        self.gaps.append(Gap(window.start_seconds, window.end_seconds, reason))

    def _objects(self, features: np.ndarray) -> np.ndarray:
        if not isinstance(self.models.objects, ObjectClassifier):
            return np.empty(0, np.float32)
        return self.models.objects.scores(features[:, object_columns(self.models.predictor.bundle.spec)])


def most_typical(features: np.ndarray) -> int:
    """Return the moment whose features, float32 (T, F), are nearest to the mean over all."""
    return int(((features - features.mean(axis=0)) ** 2).sum(axis=1).argmin())
