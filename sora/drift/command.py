"""What ``sora drift`` does: gather both sides, compare, write the page and the figures."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from sora import layout
from sora.atomic import write_json, write_text
from sora.bundle import read_bundle
from sora.drift.alarm import MIN_EFFECT, alarm
from sora.drift.compare import ALPHA, compare
from sora.drift.groups import compiled
from sora.drift.journal import SUFFIX, Window, read_journal
from sora.drift.observation import Observation
from sora.drift.page import render_drift
from sora.drift.project import project_observations
from sora.drift.sample import Sample, sample_of
from sora.drift.videos import Observed, find_videos, observe_videos
from sora.drift.words import as_json
from sora.errors import SoraError
from sora.manifest import SPLIT_NAMES
from sora.params import Runtime, read_section
from sora.predictor import Predictor
from sora.report.formats import counted

_SEED = 0  # of draws and permutations: equal input gives an equal report


@dataclass(frozen=True)
class Request:
    """What is compared with what.

    Attributes:
        window: videos and folders of videos, or one journal.
        part: of the journal.
        against: train, val or test of the project; or a journal, a folder of videos or a video.
        groups: a pattern with a part named ``group``, on the paths of videos; empty: groups are not known.
        model: folder of the bundle.
        cache: folder of observations that are known.
        alpha: level of the verdict.
        min_effect: see ``alarm``.
    """

    window: tuple[Path, ...]
    part: Window = field(default_factory=Window)
    against: str = "test"
    groups: str = ""
    model: Path = layout.BUNDLE
    cache: Path = layout.OBSERVATIONS
    alpha: float = ALPHA
    min_effect: float = MIN_EFFECT


def write_drift(request: Request, folder: Path) -> tuple[list[str], Path]:
    """Write drift.json and drift.html into ``folder``; return the verdict in sentences, and the page.

    Raises:
        SoraError: one side cannot be had, or they cannot be compared.
    """
    window, failed = _window(request)
    reference, more_failed = _reference(request)
    found = compare(reference, window, seed=_SEED, alpha=request.alpha)
    raised = alarm(found, request.min_effect)
    not_judged = {**more_failed, **failed}
    record = as_json(found, raised, not_judged)
    write_json(folder / "drift.json", record)
    page = folder / "drift.html"
    write_text(page, render_drift(found, raised, not_judged))
    return record["says"], page


def _window(request: Request) -> tuple[Sample, dict[str, str]]:
    first = request.window[0]
    if len(request.window) == 1 and first.suffix == SUFFIX:
        if request.groups:
            raise SoraError(f"--groups is for videos; the journal {first} names groups itself")
        found = _of_last_model(read_journal(first, request.part))
        return sample_of(f"the {counted(len(found), 'video')} of {first}", found), {}
    if request.part != Window():
        raise SoraError(f"--window and --since take a part of a journal ({SUFFIX}); {first} is none")
    observed = _observed(request, request.window)
    return _sample(observed, first.name if len(request.window) == 1 else "the window"), observed.failed


def _of_last_model(found: list[Observation]) -> list[Observation]:
    """Return what the model said that answered last: a server's journal goes on when another is promoted."""
    return [each for each in found if each.model_version == found[-1].model_version]


def _reference(request: Request) -> tuple[Sample, dict[str, str]]:
    against = Path(request.against)
    if request.against in SPLIT_NAMES:
        found = _of_project(request)
        return sample_of(f"the {len(found)} {request.against} videos of the project", found), {}
    if against.suffix == SUFFIX:
        found = read_journal(against)
        return sample_of(f"the {counted(len(found), 'video')} of {against}", found), {}
    observed = _observed(request, (against,))
    return _sample(observed, against.name), observed.failed


def _of_project(request: Request) -> list[Observation]:
    return project_observations(
        request.against,
        read_bundle(request.model),
        read_section("runtime", Runtime),
        request.cache,
        groups=_pattern(request),
        seed=_SEED,
    )


def _observed(request: Request, places: tuple[Path, ...]) -> Observed:
    files, groups = find_videos(places), _pattern(request)
    return observe_videos(files, Predictor(request.model), request.cache, groups=groups, seed=_SEED)


def _sample(observed: Observed, name: str) -> Sample:
    if not observed.observations:
        video, reason = next(iter(observed.failed.items()))
        raise SoraError(f"no video could be judged; the first: {video}: {reason}")
    return sample_of(f"the {counted(len(observed.observations), 'video')} of {name}", observed.observations)


def _pattern(request: Request) -> re.Pattern[str] | None:
    return compiled(request.groups) if request.groups else None
