"""The pass over a video: cuts first, then window by window, reading ahead while the networks run."""

import collections
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sora.apps.analysis.content import Analysis, Gap, Looks, Windows
from sora.apps.analysis.models import Models
from sora.apps.analysis.nsfw import NsfwNetwork
from sora.apps.analysis.objects import ObjectClassifier, object_columns
from sora.apps.analysis.reading import Part, cuts_between, read_facts, read_part
from sora.apps.analysis.windows import ShotWindow, even_moments, shot_windows
from sora.errors import VideoError
from sora.guard import Guard
from sora.predictor import Judgement
from sora.sources.hashes import content_hash
from sora.video.cuts import Shots
from sora.video.read import Window

VERSION = 1  # raise it when another analysis of an unchanged video comes out


@dataclass(frozen=True)
class Rule:
    """How a video is divided and looked at.

    Attributes:
        window_seconds: the longest window; the networks judge one at a time.
        shot_threshold, min_shot_seconds: of the search for cuts (``sora.video.cuts.Shots``).
        look_interval_seconds: between frames that are judged for safety.
    """

    window_seconds: float = 5.0
    shot_threshold: float = 27.0
    min_shot_seconds: float = 0.6
    look_interval_seconds: float = 1.0


DEFAULT_RULE = Rule()


def analyse(path: Path, models: Models, rule: Rule = DEFAULT_RULE) -> Analysis:
    """Look at a whole video, in memory that hardly grows with its length.

    Each frame is decoded about twice. What cannot be read or judged becomes a gap.

    Raises:
        VideoError: it is no video, or no part of it can be judged.
    """
    path, guard, bundle = Path(path), models.predictor.guard, models.predictor.bundle
    digest = _hash(path)
    facts, marks = guard.call(read_facts, path)
    cuts, warning = _cuts(path, guard, rule, [0.0, *marks, facts.duration_seconds])
    plan = shot_windows(cuts, facts.duration_seconds, rule.window_seconds)
    found = _Findings()
    for window, part in zip(plan, _parts(path, models, rule, plan), strict=True):
        found.add(window, part, models)
    if not found.judged:
        raise VideoError(found.gaps[0].reason)
    objects, nsfw = models.objects, models.nsfw
    return Analysis(
        content_hash=digest,
        model_version=bundle.version,
        facts=facts,
        labels=bundle.labels,
        several_labels=bundle.several_labels,
        object_names=objects.names if isinstance(objects, ObjectClassifier) else (),
        cuts_seconds=tuple(cuts),
        windows=found.windows(),
        gaps=tuple(found.gaps),
        looks=found.looks() if isinstance(nsfw, NsfwNetwork) else None,
        no_objects=objects if isinstance(objects, str) else "",
        no_looks=nsfw if isinstance(nsfw, str) else "",
        warning=warning,
    )


class _Judged(NamedTuple):
    window: ShotWindow
    key_seconds: float
    judgement: Judgement
    objects: np.ndarray


@dataclass
class _Findings:
    """What was found so far; of each window only a few numbers are kept."""

    judged: list[_Judged] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    look_times: list[np.ndarray] = field(default_factory=list)
    look_scores: list[np.ndarray] = field(default_factory=list)

    def add(self, window: ShotWindow, part: Part | VideoError, models: Models) -> None:
        start, end, _ = window
        if isinstance(part, VideoError):
            self.gaps.append(Gap(start, end, str(part)))
            return
        if isinstance(models.nsfw, NsfwNetwork):
            self.look_times.append(part.look_times)
            self.look_scores.append(models.nsfw.scores(part.looks))
        if part.clip is None:
            self.gaps.append(Gap(start, end, part.reason))
            return
        judgement = models.predictor.judge(part.clip)
        key = start + (_most_typical(judgement.features) + 0.5) / len(judgement.features) * (end - start)
        objects = _objects(judgement.features, models)
        # The features are many and have served.
        self.judged.append(_Judged(window, key, judgement._replace(features=objects), objects))

    def windows(self) -> Windows:
        judgements = [one.judgement for one in self.judged]
        return Windows(
            starts=np.array([one.window.start_seconds for one in self.judged]),
            ends=np.array([one.window.end_seconds for one in self.judged]),
            keys=np.array([one.key_seconds for one in self.judged]),
            shots=np.array([one.window.shot for one in self.judged], np.int64),
            probabilities=np.stack([judgement.probabilities for judgement in judgements]),
            embeddings=np.stack([judgement.embedding for judgement in judgements]),
            objects=np.stack([one.objects for one in self.judged]),
        )

    def looks(self) -> Looks:
        return Looks(np.concatenate(self.look_times or [np.empty(0)]), _joined(self.look_scores))


def _joined(arrays: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(arrays) if arrays else np.empty(0, np.float32)


def _hash(path: Path) -> str:
    if not path.is_file():
        raise VideoError("no such file" if not path.exists() else "is not a file")
    return content_hash(path)


def _cuts(path: Path, guard: Guard, rule: Rule, edges: Sequence[float]) -> tuple[list[float], str]:
    """Return all cuts, and a warning where a stretch could not be searched for them."""
    shots = Shots(rule.min_shot_seconds, rule.shot_threshold)
    stretches = list(zip(edges[:-1], edges[1:], strict=True))
    answers = _read_ahead(guard, cuts_between, ((path, shots, *ends) for ends in stretches))
    cuts: list[float] = []
    warnings = []
    for (start, end), answer in zip(stretches, answers, strict=True):
        if isinstance(answer, VideoError):
            warnings.append(f"no cuts were looked for from {start:.0f} to {end:.0f} s: {answer}")
        else:
            cuts += answer
    return cuts, "; ".join(warnings)


def _parts(path: Path, models: Models, rule: Rule, plan: Sequence[ShotWindow]) -> Iterator[Part | VideoError]:
    spec = models.predictor.bundle.spec.clip
    interval = rule.look_interval_seconds if isinstance(models.nsfw, NsfwNetwork) else None
    calls = (
        (path, spec, Window(start, end), even_moments(start, end, interval) if interval else [])
        for start, end, _ in plan
    )
    return _read_ahead(models.predictor.guard, read_part, calls)


def _read_ahead(
    guard: Guard, function: Callable[..., Any], calls: Iterator[tuple[Any, ...]]
) -> Iterator[Any | VideoError]:
    """Yield the answer of each call in order, with as many under way as there are children."""
    waiting = collections.deque(guard.submit(function, *call) for call in islice(calls, os.cpu_count() or 1))
    while waiting:
        try:
            answer = guard.result(waiting.popleft())
        except VideoError as error:
            answer = error
        waiting.extend(guard.submit(function, *call) for call in islice(calls, 1))
        yield answer


def _objects(features: np.ndarray, models: Models) -> np.ndarray:
    if not isinstance(models.objects, ObjectClassifier):
        return np.empty(0, np.float32)
    return models.objects.scores(features[:, object_columns(models.predictor.bundle.spec)])


def _most_typical(features: np.ndarray) -> int:
    """Return the moment whose features, float32 (T, F), are nearest to the mean over all."""
    return int(((features - features.mean(axis=0)) ** 2).sum(axis=1).argmin())
