"""Videos that a person lets go on although a rule would set them aside."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import pandas as pd
import yaml
from annotated_types import MinLen

from sora.errors import SoraError
from sora.params import STRICT, convert
from sora.quality.expectations import READABLE, UNIQUE
from sora.quality.findings import Finding

Text = Annotated[str, MinLen(1)]
_NO_RELEASE = {
    READABLE: "nothing of it decodes",
    UNIQUE: "of equal files one goes on; if the labels differ, correct them",
}


@dataclass(frozen=True)
class Release:
    """One entry: ``video`` is a path of the manifest or the SHA-256 of the content."""

    __pydantic_config__: ClassVar = STRICT

    video: Text
    reason: Text
    by: Text


def read_releases(path: Path) -> list[Release]:
    """Read the list of releases; a missing or empty file releases nothing.

    Raises:
        SoraError: the file is no YAML list of entries with exactly video, reason and by.
    """
    if not path.exists():
        return []
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SoraError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    return convert(list[Release], [] if values is None else values, str(path))


def released_paths(releases: Sequence[Release], manifest: pd.DataFrame, file: Path) -> dict[str, Release]:
    """Return each released path of ``manifest`` (path, content_hash, duplicate_of) with its entry.

    A content hash names the first of equal files.

    Raises:
        SoraError: an entry names no video of the manifest.
    """
    originals = manifest[manifest["duplicate_of"] == ""]
    path_of = dict(zip(originals["content_hash"], originals["path"], strict=True))
    path_of |= {path: path for path in manifest["path"]}
    for entry in releases:
        if entry.video not in path_of:
            raise SoraError(
                f"{file}: {entry.video} is neither the path nor the content hash of a video in the manifest; "
                "correct or remove the entry"
            )
    return {path_of[entry.video]: entry for entry in releases}


def refuse_impossible(released: dict[str, Release], findings: Sequence[Finding], file: Path) -> None:
    """Raise SoraError where a released video cannot go on, whatever a person says."""
    for finding in findings:
        if finding.path in released and finding.rule in _NO_RELEASE:
            raise SoraError(
                f"{file}: {finding.path} cannot be released ({_NO_RELEASE[finding.rule]}): {finding.reason}; "
                "remove the entry"
            )
