"""The summary of a video, as values and as files."""

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sora.apps.analysis.content import Analysis
from sora.apps.summary.highlights import pieces, write_highlights
from sora.apps.summary.keys import KeyFrames, key_frames
from sora.apps.summary.storyboard import TILE_WIDTH_PX, Tile, storyboard
from sora.apps.summary.times import clock
from sora.apps.summary.words import Language, describe, plain_label
from sora.apps.tagging.tags import Tag, as_json, tags
from sora.atomic import write_bytes, write_json, write_text
from sora.frames.sampling import shown_at
from sora.guard import Guard
from sora.video.pictures import no_wider_than
from sora.video.read import Window

STORYBOARD, HIGHLIGHTS, TEXT, RECORD = "storyboard.png", "highlights.mp4", "summary.txt", "summary.json"
_CAPTION_FROM = 0.5  # probability; a caption that is probably wrong is none


@dataclass(frozen=True)
class Summary:
    """A video in short: key frames, the parts that the highlights show, tags, and a text."""

    key_frames: KeyFrames
    highlights: tuple[Window, ...]
    tags: tuple[Tag, ...]
    text: str
    language: Language


def summarise(analysis: Analysis, language: Language = "en", max_frames: int = 12) -> Summary:
    """Choose what stands for a video, and tell it in words; opens no file."""
    keys, found = key_frames(analysis, max_frames), tags(analysis)
    shown = pieces(keys.frames, analysis.facts.duration_seconds)
    return Summary(keys, tuple(shown), tuple(found), describe(analysis, found, language), language)


def draw_storyboard(path: Path, guard: Guard, analysis: Analysis, summary: Summary, title: str = "") -> bytes:
    """Return the storyboard of a summary, PNG; without a ``title`` it has the name of the file.

    Raises:
        VideoError: the key frames cannot be read.
    """
    frames = summary.key_frames.frames
    moments = [frame.seconds for frame in frames]
    size = partial(no_wider_than, limit_px=2 * TILE_WIDTH_PX)
    pictures = guard.read_frames(path, partial(shown_at, moments=moments), size)
    tiles = [
        Tile(
            picture,
            frame.seconds,
            _caption(frame.label, summary.language) if frame.probability >= _CAPTION_FROM else "",
        )
        for frame, picture in zip(frames, pictures.pixels, strict=True)
    ]
    length, shots = clock(analysis.facts.duration_seconds), analysis.num_shots
    if summary.language == "zh":
        subtitle = f"{length} · {shots} 个镜头 · {len(tiles)} 幅关键画面"
    else:
        subtitle = f"{length} · {_count(shots, 'shot')} · {_count(len(tiles), 'key frame')}"
    name = title or path.name
    return storyboard(tiles, name, subtitle, analysis.cuts_seconds, analysis.facts.duration_seconds)


def write_summary(
    path: Path,
    guard: Guard,
    analysis: Analysis,
    folder: Path,
    language: Language = "en",
    *,
    title: str = "",
) -> dict[str, Any]:
    """Write storyboard, highlights, text and record of a video into ``folder``; give the record.

    Raises:
        VideoError: what is to be shown cannot be read.
    """
    summary = summarise(analysis, language)
    write_bytes(folder / STORYBOARD, draw_storyboard(path, guard, analysis, summary, title))
    no_sound = write_highlights(path, guard, summary.highlights, folder / HIGHLIGHTS)
    write_text(folder / TEXT, summary.text + "\n")
    record = as_record(analysis, summary) | ({"warning": no_sound} if no_sound else {})
    write_json(folder / RECORD, record)
    return record


def as_record(analysis: Analysis, summary: Summary) -> dict[str, Any]:
    """Return a summary as plain values."""
    keys = summary.key_frames
    return {
        "text": summary.text,
        "duration_seconds": round(analysis.facts.duration_seconds, 3),
        "cuts_seconds": list(analysis.cuts_seconds),
        "key_frames": [_rounded(asdict(frame)) for frame in keys.frames],
        "coverage": round(keys.coverage, 4),
        "highlights": [_rounded(asdict(window)) for window in summary.highlights],
        "tags": as_json(summary.tags),
        "model_version": analysis.model_version,
    }


def _caption(label: str, language: Language) -> str:
    return label if language == "zh" else plain_label(label)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in values.items()}
