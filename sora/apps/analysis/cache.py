"""Analyses on disk: one .npz file each, which holds the arrays and, as JSON, all else."""

import hashlib
import io
import json
import zipfile
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from sora import layout
from sora.apps.analysis.analyse import DEFAULT_RULE, VERSION, Rule, analyse, video_hash
from sora.apps.analysis.content import Analysis, Facts, Gap, Looks, Windows
from sora.apps.analysis.models import Models
from sora.atomic import write_bytes
from sora.errors import SoraError
from sora.frames.inputs import CLIP_VERSIONS, FEATURE_VERSIONS
from sora.video import cuts, read

_RECORD = "record"
_VERSIONS = {
    **CLIP_VERSIONS,
    **FEATURE_VERSIONS,
    "read": read.VERSION,
    "cuts": cuts.VERSION,
    "analyse": VERSION,
}
_DAMAGED = (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile)


def cached_analysis(
    path: Path, models: Models, folder: Path = layout.ANALYSES, rule: Rule = DEFAULT_RULE
) -> Analysis:
    """Return the analysis of a video from ``folder``, or look at the video and keep what is found there.

    The entry is named by the content of the file, the networks and the rule. A damaged entry is made anew.

    Raises:
        VideoError: as ``analyse``.
    """
    path = Path(path)
    entry = folder / f"{analysis_key(video_hash(path), models, rule)}.npz"
    if entry.is_file():
        try:
            return from_bytes(entry.read_bytes())
        except SoraError:
            entry.unlink(missing_ok=True)
    found = analyse(path, models, rule)
    write_bytes(entry, to_bytes(found))
    return found


def analysis_key(digest: str, models: Models, rule: Rule) -> str:
    """Return the name of an entry, hexadecimal, for the content hash of a video."""
    text = json.dumps([_VERSIONS, digest, models.fingerprint, asdict(rule)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def to_bytes(analysis: Analysis) -> bytes:
    """Return an analysis as an .npz file; equal ones give equal bytes."""
    record = {
        f.name: getattr(analysis, f.name) for f in fields(Analysis) if f.name not in ("windows", "looks")
    }
    record |= {"facts": asdict(analysis.facts), "gaps": [asdict(gap) for gap in analysis.gaps]}
    text = json.dumps(record, ensure_ascii=False, allow_nan=False)
    arrays = {_RECORD: np.frombuffer(text.encode(), np.uint8)}
    arrays |= {f.name: getattr(analysis.windows, f.name) for f in fields(Windows)}
    if analysis.looks is not None:
        arrays |= {"look_times": analysis.looks.times, "look_scores": analysis.looks.scores}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def from_bytes(data: bytes) -> Analysis:
    """Return what ``to_bytes`` wrote.

    Raises:
        SoraError: it is something else, or damaged.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return _rebuilt(json.loads(arrays[_RECORD].tobytes()), dict(arrays))
    except _DAMAGED as error:
        raise SoraError(f"expected an analysis of a video, got something else ({error})") from error


def _rebuilt(record: dict[str, Any], arrays: dict[str, np.ndarray]) -> Analysis:
    record["facts"] = Facts(**record["facts"])
    record["gaps"] = tuple(Gap(**gap) for gap in record["gaps"])
    for name in ("labels", "object_names", "cuts_seconds"):
        record[name] = tuple(record[name])
    windows = Windows(**{f.name: arrays[f.name] for f in fields(Windows)})
    has_looks = "look_times" in arrays
    looks = Looks(arrays["look_times"], arrays["look_scores"]) if has_looks else None
    return Analysis(**record, windows=windows, looks=looks)
