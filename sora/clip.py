"""The clean clip of a video file: the one way to it, for preprocess and for serving."""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sora.errors import VideoError
from sora.frames.inputs import choose_frames, clean_clip, decoded_size
from sora.frames.selection import drop_reasons
from sora.frames.spec import ClipSpec
from sora.frames.survey import Survey, survey_frames, survey_size
from sora.video.read import WHOLE, ChosenFrames, Window, iterate_frames, read_frames
from sora.video.write import write_clip


class CleanClip(NamedTuple):
    """A clip, uint8 RGB (T * K, S, S, 3), and where decoding broke, if it did."""

    pixels: np.ndarray
    warning: str


def read_clean_clip(path: Path, spec: ClipSpec, window: Window = WHOLE) -> CleanClip:
    """Read, choose and clean the frames of ``path``, or of a part of it.

    Raises:
        VideoError: nothing decodes, or no frame is fit for use.
    """
    frames = _read_chosen(path, spec, window)
    return CleanClip(clean_clip(frames.pixels, spec), frames.warning)


def write_clean_clip(item: tuple[str, Window, str, ClipSpec]) -> None:
    """Read the clean clip of a video, or of a part, and write it to a file; raises as ``read_clean_clip``."""
    video, window, clip, spec = item
    write_clip(Path(clip), read_clean_clip(Path(video), spec, window).pixels)


def survey_video(path: Path, spec: ClipSpec, window: Window = WHOLE) -> Survey:
    """Look at every frame of ``path``, or of a part of it, up to the first that does not decode.

    Raises:
        VideoError: nothing decodes.
    """
    frames = iterate_frames(path, survey_size, grey=True, window=window)
    timed = ((frame.time_seconds, frame.pixels) for frame in frames)
    return survey_frames(timed, with_speed=spec.selection.max_speed > 0)


def window_of(row: Mapping[Hashable, Any]) -> Window:
    """Return the part of a file that a row of the video table names; absent or empty bounds are open."""
    bounds = {name: row.get(name, math.nan) for name in ("start_seconds", "end_seconds")}
    return replace(WHOLE, **{name: value for name, value in bounds.items() if not math.isnan(value)})


def _read_chosen(path: Path, spec: ClipSpec, window: Window) -> ChosenFrames:
    size = partial(decoded_size, spec=spec)
    if not spec.selection.looks_at_every_frame:
        return read_frames(path, partial(choose_frames, spec=spec), size, window)
    survey = survey_video(path, spec, window)
    chosen = choose_frames(survey.times, spec, drop_reasons(survey, spec.selection))
    frames = read_frames(path, _those(chosen), size, window)
    if frames.num_frames < len(survey.times):  # more are no fault: frames after damage may be found again
        raise VideoError(f"had {len(survey.times)} frames at first and {frames.num_frames} when read again")
    return frames


def _those(chosen: Sequence[int]) -> Callable[[np.ndarray], Sequence[int]]:
    """Name these frames, where the reader asks; it may ask before it knows how many there are."""
    return lambda times: [min(i, len(times) - 1) for i in chosen]
