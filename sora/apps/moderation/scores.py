"""How high a score a video reaches anywhere: what a threshold of a policy is compared with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sora.apps.analysis.content import Analysis
from sora.apps.tagging.tags import label_scores, object_group_scores, object_scores
from sora.errors import SoraError
from sora.video.container import SUFFIXES


@dataclass(frozen=True)
class Score:
    """What is scored, as in a policy: ``nsfw``, or a label or a tag by its ``name``."""

    kind: Literal["nsfw", "label", "tag"]
    name: str = ""


def read_score(text: str) -> Score:
    """Return what ``nsfw``, ``label:NAME`` or ``tag:NAME`` means.

    Raises:
        SoraError: it is something else.
    """
    kind, _, name = text.partition(":")
    if text == "nsfw":
        return Score("nsfw")
    if name and kind == "label":
        return Score("label", name)
    if name and kind == "tag":
        return Score("tag", name)
    raise SoraError(f"score: nsfw, label:NAME or tag:NAME expected, got {text!r}")


def videos_in(folder: Path) -> list[Path]:
    """Return all videos in a folder and those below it, sorted.

    Raises:
        SoraError: there is none.
    """
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not found:
        raise SoraError(f"{folder}: a folder with videos expected, none is there")
    return found


def highest_score(analysis: Analysis, score: Score) -> float:
    """Return the highest value of a score anywhere in a video.

    Raises:
        SoraError: there is no such label or tag, or the analysis has no such score; the message says why.
    """
    if score.kind == "nsfw":
        if analysis.looks is None:
            raise SoraError(f"nsfw: {analysis.no_looks}")
        return float(analysis.looks.scores.max(initial=0.0))
    if score.kind == "tag" and analysis.no_objects:
        raise SoraError(f"tag {score.name!r}: {analysis.no_objects}")
    scores = (
        label_scores(analysis)
        if score.kind == "label"
        else object_scores(analysis, 0.0) | object_group_scores(analysis)
    )
    if score.name not in scores:
        raise SoraError(f"{score.kind} {score.name!r}: there is none of this name")
    return float(scores[score.name].max(initial=0.0))
