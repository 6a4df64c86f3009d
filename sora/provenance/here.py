"""Where the model that lies in a project's folder came from, read from what the stages left there."""

import subprocess
from pathlib import Path
from typing import Any

import pandas as pd

from sora import layout
from sora.bundle import Bundle, read_bundle
from sora.errors import SoraError
from sora.lineage import path_hash
from sora.manifest import read_table
from sora.params import read_yaml
from sora.provenance.record import Link, Record
from sora.provenance.videos import seen_videos

SOURCES, CODE, MODEL, COMPRESSED, BENTO = "source videos", "code", "model", "compressed model", "Bento"
UNCOMMITTED = "-changed"  # after the commit, where files that DVC knows differ from it

_INCOMING = "data/incoming"

# Name, file and how it is called in the bundle's own lineage.
_RECORDED = (
    ("validated videos", layout.VALIDATED),
    ("splits", layout.SPLITS),
    ("features", layout.FEATURES),
    ("input spec", layout.INPUT_SPEC),
    ("backbone", layout.BACKBONE),
    (MODEL, layout.TRAINED),
)
_NOW = (("parameters", Path("params.yaml")), ("pipeline", Path("dvc.lock")))


def read_here(project: Path) -> tuple[Record, pd.DataFrame]:
    """Return where the model in a project's folder came from, and which videos it saw.

    Raises:
        SoraError: a stage has not run, or what it left is damaged.
    """
    bundle = read_bundle(project / layout.BUNDLE)
    if "videos" not in bundle.lineage:
        raise SoraError(f"{layout.BUNDLE}: does not say which videos it came from; run dvc repro -f compress")
    links = (
        Link(SOURCES, source_of(project), "videos", bundle.lineage["videos"]),
        Link(CODE, "", "git", _head(project)),
        *(Link(name, path.as_posix(), "sha256", path_hash(project / path)) for name, path in _NOW),
        *_from_bundle(bundle),
        Link(COMPRESSED, layout.BUNDLE.as_posix(), "bundle", bundle.version),
        Link(BENTO, layout.BENTO.as_posix(), "sha256", path_hash(project / layout.BENTO)),
    )
    record = Record("", bundle.version, bundle.variant, "", links, parent_digest=_parent_digest(project))
    return record, _seen(project)


def _from_bundle(bundle: Bundle) -> list[Link]:
    known = bundle.lineage
    names = [(name, path.as_posix()) for name, path in _RECORDED if path.as_posix() in known]
    return [Link(name, path, "sha256", known[path]) for name, path in names]


def _seen(project: Path) -> pd.DataFrame:
    tables = (layout.MANIFEST, layout.SPLITS, layout.FEATURE_INDEX, layout.OUTCOMES)
    return seen_videos(*(read_table(project / path) for path in tables))


def source_of(project: Path) -> str:
    """Return the folder of videos that params.yaml names."""
    try:
        return str(_params(project)["ingest"]["source"])
    except (KeyError, TypeError) as error:
        raise SoraError(f"{project / 'params.yaml'}: ingest.source is missing") from error


def incoming_of(project: Path) -> str:
    """Return the folder for new videos that params.yaml names, or the usual one."""
    try:
        return str(_params(project)["incoming"]["folder"])
    except (KeyError, TypeError):  # a project may do without the sections of commands
        return _INCOMING


def _params(project: Path) -> dict[str, Any]:
    return read_yaml(project / "params.yaml", "run from the folder of the project")


def _parent_digest(project: Path) -> str:
    """Return the hash of the networks that train began with; empty where it began with none."""
    lock = read_yaml(project / "dvc.lock", "run dvc repro")
    deps = lock.get("stages", {}).get("train", {}).get("deps", [])
    is_update = layout.PARENT.as_posix() in {dep["path"] for dep in deps}
    return path_hash(project / layout.PARENT) if is_update else ""


def _head(project: Path) -> str:
    """Return HEAD, marked where a file that git knows differs from it; empty without a commit."""
    head = _git(project, "rev-parse", "--verify", "--quiet", "HEAD")
    return head + UNCOMMITTED if head and _git(project, "status", "--porcelain", "-uno") else head


def _git(project: Path, *words: str) -> str:
    command = ["git", "--no-optional-locks", *words]
    try:
        return subprocess.run(
            command, cwd=project, capture_output=True, text=True, check=False
        ).stdout.strip()
    except FileNotFoundError as error:
        raise SoraError("git is not installed; lineage names the commit that has the code") from error
