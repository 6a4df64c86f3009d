"""What a contact sheet shows of one video: frames before cleaning, after it, and augmented."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sora.clip import read_clean_clip, survey_video
from sora.errors import VideoError
from sora.frames.augmentation import AugmentSpec, augment
from sora.frames.geometry import scaled_size
from sora.frames.inputs import by_segment, choose_frames
from sora.frames.sampling import segment_indices, spread_over
from sora.frames.selection import describe_reasons, drop_reasons
from sora.frames.spec import ClipSpec
from sora.video.probe import VideoFacts, probe
from sora.video.read import WHOLE, Window, read_frames

_COLUMNS = 8
_TILE_SIDE_PX = 320


@dataclass(frozen=True)
class Subject:
    """A video, or a part of it, with its label (empty: unknown)."""

    file: Path
    label: str = ""
    window: Window = WHOLE

    @property
    def title(self) -> str:
        """The name of the file, and which part of it."""
        bounds = (self.window.start_seconds, self.window.end_seconds)
        return self.file.name + ("" if self.window == WHOLE else "  {:g} to {:g} s".format(*bounds))


@dataclass(frozen=True, eq=False)
class Tile:
    """One picture, uint8 RGB (H, W, 3), a few words to stand below it, and why it was dropped, if it was."""

    pixels: np.ndarray
    text: str = ""
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Row:
    """Pictures side by side under one name."""

    title: str
    tiles: list[Tile]


@dataclass(frozen=True, eq=False)
class VideoContent:
    """One video on a sheet.

    Attributes:
        title: its file's name.
        caption: its facts in a line.
        before: frames at equal distances, dropped ones included.
        reasons: str (N,), for each frame of the video why it is dropped, empty where it is kept.
        chosen: indices of the frames of the clip; empty where the video is set aside.
        after: rows of the clean clip and of its augmented views.
        verdict: why the video is set aside; empty where it is used.
    """

    title: str
    caption: str
    before: Row
    reasons: np.ndarray
    chosen: Sequence[int]
    after: list[Row]
    verdict: str


@dataclass(frozen=True)
class Recipe:
    """What is done to a video: its clip, and ``num_views`` augmented views of it."""

    clip: ClipSpec
    augment: AugmentSpec
    seed: int
    num_views: int


def video_content(subject: Subject, recipe: Recipe) -> VideoContent:
    """Read a video, clean it as the pipeline does, and augment it by draws of its file's name.

    Raises:
        VideoError: nothing decodes.
    """
    survey = survey_video(subject.file, recipe.clip, subject.window)
    reasons = drop_reasons(survey, recipe.clip.selection)
    usable = reasons if recipe.clip.selection.looks_at_every_frame else None
    chosen: Sequence[int] = ()
    after: list[Row] = []
    verdict = ""
    try:
        after = _after(subject, recipe)
        chosen = choose_frames(survey.times, recipe.clip, usable)
    except VideoError as error:
        verdict = str(error)
    return VideoContent(
        title=subject.title,
        caption=_caption(probe(subject.file), subject, len(reasons), describe_reasons(reasons)),
        before=_before(subject, survey.times, reasons),
        reasons=reasons,
        chosen=chosen,
        after=after,
        verdict=verdict,
    )


def _before(subject: Subject, times: np.ndarray, reasons: np.ndarray) -> Row:
    shown = segment_indices(times, _COLUMNS, 1, 1.0)
    frames = read_frames(
        subject.file, lambda known: [min(i, len(known) - 1) for i in shown], _tile_size, subject.window
    )
    tiles = [
        Tile(pixels, f"{times[i]:.2f} s", str(reasons[i]))
        for i, pixels in zip(shown, frames.pixels, strict=True)
    ]
    return Row("video", tiles)


def _after(subject: Subject, recipe: Recipe) -> list[Row]:
    segments = by_segment(read_clean_clip(subject.file, recipe.clip, subject.window).pixels, recipe.clip)
    places = spread_over(np.arange(len(segments)), min(_COLUMNS, len(segments)))
    rows = []
    for view in range(recipe.num_views + 1):
        shown = augment(
            segments,
            recipe.augment,
            may_flip=recipe.augment.may_flip(subject.label),
            seed=recipe.seed,
            key=subject.file.name,
            view=view,
        )
        tiles = [Tile(shown[place, 0], "" if view else f"moment {place + 1}") for place in places]
        rows.append(Row(f"view {view}" if view else "clean", tiles))
    return rows


def _tile_size(width: int, height: int) -> tuple[int, int]:
    return scaled_size(width, height, _TILE_SIDE_PX, inside=True)


def _caption(facts: VideoFacts, subject: Subject, num_frames: int, dropped: str) -> str:
    parts = [
        subject.label,
        f"{facts.width} × {facts.height}",
        facts.video_codec,
        f"{facts.fps:g} fps" + (" (variable)" if facts.is_variable_rate else ""),
        f"{facts.duration_seconds:.1f} s",
        f"{num_frames} frames",
        f"dropped: {dropped}" if dropped else "none dropped",
        facts.error,
    ]
    return "  ·  ".join(part for part in parts if part)
