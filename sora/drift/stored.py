"""Observations on disk, so that no video is judged twice by one model."""

import json
from pathlib import Path

from sora.atomic import write_json
from sora.drift.observation import Observation, from_json
from sora.frames.inputs import CLIP_VERSIONS, FEATURE_VERSIONS
from sora.store import VideoStore, result_key
from sora.video import probe, read

_VERSIONS = {**CLIP_VERSIONS, **FEATURE_VERSIONS, "read": read.VERSION, "probe": probe.VERSION}


def known_observation(folder: Path, content_hash: str, model_version: str) -> Observation | None:
    """Return what a model said of a video, None where that is not known."""
    path = _path(folder, content_hash, model_version)
    if not path.is_file():
        return None
    return from_json(json.loads(path.read_text(encoding="utf-8")), str(path))


def keep_observation(folder: Path, observation: Observation) -> Observation:
    """Put an observation where ``known_observation`` finds it; return it as that will."""
    path, record = _path(folder, observation.content_hash, observation.model_version), observation.as_json()
    write_json(path, record)
    return from_json(record, str(path))


def _path(folder: Path, content_hash: str, model_version: str) -> Path:
    return VideoStore(folder, ".json").path(result_key(content_hash, {"model": model_version}, _VERSIONS))
