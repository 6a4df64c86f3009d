"""Video files as observations: each is decoded for its facts and judged by the bundle, once."""

import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sora.apps.index.videos import file_hash
from sora.drift.facts import watched_facts
from sora.drift.groups import group_in
from sora.drift.observation import Observation
from sora.drift.sample import drawn
from sora.drift.stored import keep_observation, known_observation
from sora.errors import SoraError, VideoError
from sora.predictor import Predictor
from sora.video.container import SUFFIXES
from sora.video.probe import probe


@dataclass(frozen=True)
class Observed:
    """What became of some files: observations, and the reasons of those that cannot be judged, by file."""

    observations: list[Observation]
    failed: dict[str, str]


def find_videos(places: Sequence[Path]) -> list[Path]:
    """Return files as they are, and the videos in folders and their subfolders, in order.

    Raises:
        SoraError: a folder holds no video, or there is no such file.
    """
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            files = [file for file in sorted(place.rglob("*")) if file.suffix.lower() in SUFFIXES]
            if not files:
                raise SoraError(f"{place} holds no videos ({', '.join(sorted(SUFFIXES))})")
            found += files
        elif place.is_file():
            found.append(place)
        else:
            raise SoraError(f"{place}: no such file or folder")
    return list(dict.fromkeys(found))


def observe_videos(
    files: Sequence[Path], predictor: Predictor, cache: Path, *, groups: re.Pattern[str] | None, seed: int
) -> Observed:
    """Return what a bundle says of video files, of very many a part that is drawn.

    Args:
        files: videos.
        predictor: of the bundle.
        cache: folder of observations that are known.
        groups: finds the group of a video in its path, see ``group_in``; None: groups are not known.
        seed: of the draw.

    Raises:
        SoraError: ``groups`` finds none in a path.
    """
    named = [group_in(file.as_posix(), groups) if groups else "" for file in files]
    places = drawn(named, seed)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = pool.map(lambda place: _observed(files[place], predictor, cache), places)
        found = list(zip(places, outcomes, strict=True))
    return Observed(
        [
            replace(outcome, group=named[place], video=files[place].as_posix())
            for place, outcome in found
            if isinstance(outcome, Observation)
        ],
        {str(files[place]): str(outcome) for place, outcome in found if isinstance(outcome, VideoError)},
    )


def _observed(file: Path, predictor: Predictor, cache: Path) -> Observation | VideoError:
    try:
        digest = file_hash(file)
        known = known_observation(cache, digest, predictor.bundle.version)
        return known or keep_observation(cache, _judged(file, digest, predictor))
    except VideoError as error:
        return error


def _judged(file: Path, digest: str, predictor: Predictor) -> Observation:
    facts = predictor.guard.call(probe, file)
    prediction = predictor.predict(file)
    return Observation(
        time=datetime.now(UTC),
        content_hash=digest,
        model_version=predictor.bundle.version,
        label=prediction.label,
        confidence=prediction.probabilities[prediction.label],
        embedding=prediction.embedding,
        facts=watched_facts(asdict(facts), file.stat().st_size),
    )
