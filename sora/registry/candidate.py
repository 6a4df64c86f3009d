"""The model that a run of the pipeline left in a project's folder, with what was measured of it."""

import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from sora import layout
from sora.bundle import Bundle, read_bundle
from sora.errors import SoraError
from sora.manifest import read_table
from sora.quality.leaks import ACROSS_SPLITS, WHOLE_GROUPS
from sora.registry.entries import file_sha256
from sora.registry.gate import Evidence

REPORTS = (layout.METRICS, layout.VALIDATION, layout.COMPRESSION)
_LEAK_RULES = frozenset({ACROSS_SPLITS, WHOLE_GROUPS})


@dataclass(frozen=True, eq=False)
class Candidate:
    """What may be promoted.

    Attributes:
        bundle: the model.
        bento: the exported Bento that carries it.
        bento_sha256: checksum of that file.
        reports: files that are kept beside it.
        evidence: on all of its test videos.
    """

    bundle: Bundle
    bento: Path
    bento_sha256: str
    reports: tuple[Path, ...]
    evidence: Evidence


def read_candidate(project: Path) -> Candidate:
    """Read the model in the folder of a project.

    Raises:
        SoraError: a file is missing or damaged, or the Bento carries another bundle.
    """
    bundle = read_bundle(project / layout.BUNDLE)
    bento = project / layout.BENTO
    if bento_version(bento) != bundle.version:
        raise SoraError(f"{bento}: carries another model than {bundle.folder}; run dvc repro package")
    evidence = Evidence(
        version=bundle.version,
        answers=_answers(project),
        leaks=_leaks(_read_json(project / layout.VALIDATION), project / layout.VALIDATION),
        latency_ms=_latency(_read_json(project / layout.COMPRESSION), project / layout.COMPRESSION),
    )
    reports = tuple(project / path for path in REPORTS)
    return Candidate(bundle, bento, file_sha256(bento), reports, evidence)


def bento_version(export: Path) -> str:
    """Return the version of an exported Bento.

    Raises:
        SoraError: it is missing, or is no Bento.
    """
    try:
        with tarfile.open(export) as archive:
            names = {name.removeprefix("./"): name for name in archive.getnames()}
            record = archive.extractfile(names["bento.yaml"])
            return str(yaml.safe_load(record.read())["version"]) if record else ""
    except FileNotFoundError as error:
        raise SoraError(f"{export} is missing: run dvc repro package") from error
    except (tarfile.TarError, KeyError, TypeError, yaml.YAMLError) as error:
        raise SoraError(f"{export}: is not an exported Bento; run dvc repro package") from error


def _answers(project: Path) -> pd.DataFrame:
    predictions = read_table(project / layout.PREDICTIONS)
    videos = read_table(project / layout.VALIDATED)[["path", "content_hash", "group"]]
    answers = videos.merge(predictions, on="path", how="right")
    unusable = answers["content_hash"].isna() | answers["content_hash"].duplicated()
    if unusable.any():
        raise SoraError(
            f"{project / layout.PREDICTIONS}: {answers.loc[unusable, 'path'].iloc[0]} is in it twice, or is "
            f"not in {layout.VALIDATED}; run dvc repro evaluate"
        )
    return answers


def _leaks(validation: dict[str, Any], path: Path) -> tuple[str, ...]:
    """Return what is on both sides of a split.

    What was set aside is on none, and what was released has a person's word for it.
    """
    try:
        found = [*validation["warnings"], *validation["failures"]]
        leaks = [finding for finding in found if finding["rule"] in _LEAK_RULES]
        return tuple(" ".join(filter(None, (leak["path"], leak["reason"]))) for leak in leaks)
    except (KeyError, TypeError) as error:
        raise SoraError(f"{path}: has no findings ({error}); run dvc repro validate") from error


def _latency(compression: dict[str, Any], path: Path) -> float:
    try:
        rows = {row["name"]: row for row in compression["candidates"]}
        return float(rows[compression["chosen"]]["latency_ms_median"])
    except (KeyError, TypeError) as error:
        raise SoraError(
            f"{path}: has no figures of the chosen model ({error}); run dvc repro compress"
        ) from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise SoraError(f"{path} is missing: run dvc repro") from error
    except (ValueError, TypeError) as error:
        raise SoraError(f"{path} is damaged ({error}): delete it and run dvc repro") from error
