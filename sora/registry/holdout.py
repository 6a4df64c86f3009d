"""The held-out videos that models are judged on: which ones, and a checksum that names their version."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from sora.errors import SoraError
from sora.registry import durable


@dataclass(frozen=True)
class Holdout:
    """Held-out videos: SHA-256 of the content to label, several labels joined by ``;``."""

    labels: Mapping[str, str]

    @cached_property
    def sha256(self) -> str:
        """Their version: the same for the same videos with the same labels, in any order."""
        text = json.dumps(self.labels, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def __len__(self) -> int:
        return len(self.labels)


def holdout_of(answers: pd.DataFrame) -> Holdout:
    """Return the videos of a table with the columns content_hash and label."""
    return Holdout(dict(zip(answers["content_hash"], answers["label"], strict=True)))


def within(answers: pd.DataFrame, holdout: Holdout) -> pd.DataFrame:
    """Return the rows of a table with content_hash and label that are of ``holdout``, under its label."""
    wanted = answers["content_hash"].map(holdout.labels)
    return answers[wanted == answers["label"]].reset_index(drop=True)


def write_holdout(path: Path, holdout: Holdout) -> None:
    """Write the videos and their checksum."""
    durable.write_json(path, {"sha256": holdout.sha256, "labels": dict(sorted(holdout.labels.items()))})


def read_holdout(path: Path) -> Holdout:
    """Read what ``write_holdout`` wrote.

    Raises:
        SoraError: it is missing or was changed.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        holdout = Holdout(dict(values["labels"]))
        if holdout.sha256 != values["sha256"]:
            raise ValueError("it does not match its checksum")
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise SoraError(f"{path}: cannot be used ({error}); restore it") from error
    return holdout
