"""The pass over a video: cuts first, then window by window, reading ahead while the networks run."""

import collections
import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, TypeAlias

from sora.apps.analysis.content import Analysis
from sora.apps.analysis.findings import Findings
from sora.apps.analysis.models import Models
from sora.apps.analysis.nsfw import NsfwNetwork
from sora.apps.analysis.objects import ObjectClassifier
from sora.apps.analysis.reading import Part, cuts_between, read_facts, read_part
from sora.apps.analysis.windows import ShotWindow, even_moments, shot_windows
from sora.errors import VideoError
from sora.guard import Guard
from sora.sources.hashes import content_hash
from sora.video.cuts import Shots
from sora.video.read import Window

VERSION = 1  # raise it when another analysis of an unchanged video comes out


@dataclass(frozen=True)
class Rule:
    """How a video is divided and looked at.

    Attributes:
        window_seconds: the longest window; the networks judge one at a time.
        shot_threshold, min_shot_seconds: of the search for cuts (``sora.video.cuts.Shots``). 36 finds all
            joins of 2553 pairs of real clips with different labels, and takes a third as many swings of the
            camera for cuts as the usual 27.
        look_interval_seconds: between frames that are judged for safety.
    """

    window_seconds: float = 5.0
    shot_threshold: float = 36.0
    min_shot_seconds: float = 0.6
    look_interval_seconds: float = 1.0


DEFAULT_RULE = Rule()
OnProgress: TypeAlias = Callable[[float], None]
_CUTS_SHARE = 0.2  # of the time that a pass takes


def analyse(
    path: Path, models: Models, rule: Rule = DEFAULT_RULE, on_progress: OnProgress = lambda share: None
) -> Analysis:
    """Look at a whole video, in memory that hardly grows with its length.

    Each frame is decoded about twice. What cannot be read or judged becomes a gap.

    Args:
        path: the video.
        models: that judge it.
        rule: how it is divided.
        on_progress: told now and then how much is done, in [0, 1]; what it raises ends the pass.

    Raises:
        VideoError: it is no video, or no part of it can be judged.
    """
    path, guard, bundle = Path(path), models.predictor.guard, models.predictor.bundle
    digest = video_hash(path)
    facts, marks = guard.call(read_facts, path)
    edges = [0.0, *marks, facts.duration_seconds]
    cuts, warning = _cuts(path, guard, rule, edges, lambda share: on_progress(_CUTS_SHARE * share))
    plan = shot_windows(cuts, facts.duration_seconds, rule.window_seconds)
    found = Findings(models)
    for window, part in zip(plan, _parts(path, models, rule, plan), strict=True):
        found.add(window, part)
        on_progress(_CUTS_SHARE + (1 - _CUTS_SHARE) * window.end_seconds / facts.duration_seconds)
    return Analysis(
        content_hash=digest,
        model_version=bundle.version,
        facts=facts,
        labels=bundle.labels,
        several_labels=bundle.several_labels,
        object_names=models.objects.names if isinstance(models.objects, ObjectClassifier) else (),
        cuts_seconds=tuple(cuts),
        windows=found.windows(),
        gaps=tuple(found.gaps),
        looks=found.looks(),
        no_objects=models.no_objects,
        no_looks=models.no_looks,
        warning=warning,
    )


def video_hash(path: Path) -> str:
    """Return the SHA-256 of a video file.

    Raises:
        VideoError: it is no file.
    """
    if not path.is_file():
        raise VideoError("is not a file" if path.exists() else "no such file")
    return content_hash(path)


def _cuts(
    path: Path, guard: Guard, rule: Rule, edges: Sequence[float], on_progress: OnProgress
) -> tuple[list[float], str]:
    """Return all cuts, and a warning where a stretch could not be searched for them."""
    shots = Shots(rule.min_shot_seconds, rule.shot_threshold)
    answers = _read_ahead(guard, cuts_between, ((path, shots, *ends) for ends in pairwise(edges)))
    cuts: list[float] = []
    warnings = []
    for (start, end), answer in zip(pairwise(edges), answers, strict=True):
        if isinstance(answer, VideoError):
            warnings.append(f"no cuts were looked for from {start:.0f} to {end:.0f} s: {answer}")
        else:
            cuts += answer
        on_progress(end / edges[-1])
    return cuts, "; ".join(warnings)


def _parts(path: Path, models: Models, rule: Rule, plan: Sequence[ShotWindow]) -> Iterator[Part | VideoError]:
    spec, has_looks = models.predictor.bundle.spec.clip, isinstance(models.nsfw, NsfwNetwork)

    def call(window: ShotWindow) -> tuple[Any, ...]:
        start, end, _ = window
        looks = even_moments(start, end, rule.look_interval_seconds) if has_looks else []
        # Nothing is lost where the file lasts longer than its packets say.
        return path, spec, Window(start, math.inf if window is plan[-1] else end), looks

    return _read_ahead(models.predictor.guard, read_part, map(call, plan))


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
