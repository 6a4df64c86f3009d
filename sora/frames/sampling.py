"""Which frames of a video make its clip: arithmetic on their times only."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

VERSION = 2  # raise it when other indices come out

_ROUNDING_SECONDS = 0.001  # containers store times as whole milliseconds, or finer
_DECIMALS = 6  # of a frame: what floating point may have added


def shown_at(times: np.ndarray, moments: Sequence[float]) -> list[int]:
    """Return the index of the frame that is shown at each moment; ``times`` as in ``segment_indices``."""
    return (np.searchsorted(times, moments, side="right") - 1).clip(0).tolist()


def segment_indices(
    times: np.ndarray,
    num_segments: int,
    frames_per_segment: int,
    frame_interval_seconds: float,
    runs: np.ndarray | None = None,
) -> list[int]:
    """Return ``num_segments * frames_per_segment`` frame indices, segment by segment.

    Each segment starts with the frame shown at the centre of an equal part of the duration (Wang et al.,
    "Temporal Segment Networks", 2016). Each further frame is the one nearest to ``frame_interval_seconds``
    after the frame before it, at least one further on where the video is long enough. A start from which
    there is no room for them gives way to the nearest one that has room. Short videos repeat frames.

    Args:
        times: float (N,), seconds from the first frame, in order. Times that differ from a constant rate by
            the rounding of a container count as constant.
        num_segments, frames_per_segment, frame_interval_seconds: see ``sora.frames.spec.ClipSpec``.
        runs: int (N,), the number of the uninterrupted run that a frame belongs to; a segment stays in one,
            where any run is long enough. None: there is one.

    Raises:
        ValueError: there is no frame.
    """
    num_frames = len(times)
    if num_frames < 1:
        raise ValueError("expected at least 1 frame, got 0")
    edges = _edges(np.asarray(times, np.float64))
    chains = _chains(edges, frames_per_segment, frame_interval_seconds)
    parts = (np.arange(num_segments) + 0.5) * (edges[-1] / num_segments)
    centres = np.floor(np.round(_positions(parts, edges), _DECIMALS)).astype(int)
    starts = _nearest(_starts_with_room(chains, runs), centres)
    return [int(i) for i in np.minimum(chains[:, starts].T, num_frames - 1).ravel()]


def last_segment_indices(
    times: np.ndarray, frames_per_segment: int, frame_interval_seconds: float
) -> list[int]:
    """Return the indices of the last segment for which there is room, by the rules of ``segment_indices``.

    At a constant rate it ends with the last frame.

    Args:
        times: float (N,), seconds, in order.
        frames_per_segment, frame_interval_seconds: see ``sora.frames.spec.ClipSpec``.

    Raises:
        ValueError: there is no frame.
    """
    if len(times) < 1:
        raise ValueError("expected at least 1 frame, got 0")
    chains = _chains(_edges(np.asarray(times, np.float64)), frames_per_segment, frame_interval_seconds)
    start = _starts_with_room(chains, None)[-1]
    return [int(i) for i in np.minimum(chains[:, start], len(times) - 1)]


class Playing(NamedTuple):
    """What is left of a video, played without gaps.

    Attributes:
        frames: int (K,), indices in the video.
        times: float64 (K,), seconds.
        runs: int (K,), see ``segment_indices``.
    """

    frames: np.ndarray
    times: np.ndarray
    runs: np.ndarray


def close_gaps(times: np.ndarray, kept: np.ndarray, shown_on: np.ndarray) -> Playing:
    """Leave out frames of a video.

    Args:
        times: float (N,), seconds from the first frame.
        kept: bool (N,).
        shown_on: bool (N,), frames left out that only repeat the one before: it stays for their time too. All
            others take no time with them, and end a run.
    """
    alive = np.flatnonzero(kept | shown_on)
    stays = np.diff(_edges(np.asarray(times, np.float64)))[alive]
    begins = np.concatenate([[0.0], np.cumsum(stays)[:-1]])
    runs = np.concatenate([[0], np.cumsum(np.diff(alive) > 1)])
    own = kept[alive]
    return Playing(alive[own], begins[own], runs[own])


def spread_over(kept: np.ndarray, num_segments: int) -> np.ndarray:
    """Spread the positions ``kept``, int (K,) with K >= 1, evenly over ``num_segments`` places, in order."""
    return kept[np.arange(num_segments) * len(kept) // num_segments]


def _edges(times: np.ndarray) -> np.ndarray:
    """Return the start of each frame and the end of the last, float64 (N + 1,), the first at 0."""
    count = len(times)
    starts = np.maximum.accumulate(times - times[0])
    if starts[-1] <= 0:
        return np.arange(count + 1.0)  # one frame, or no times: any rate will do
    even = np.linspace(0, starts[-1], count)
    if np.abs(starts - even).max() <= _ROUNDING_SECONDS:
        starts = even
    return np.append(starts, starts[-1] + np.median(np.diff(starts)))


def _positions(seconds: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the times as fractional frame indices, between 0 and N."""
    return np.interp(seconds, edges, np.arange(len(edges)))


def _chains(edges: np.ndarray, length: int, interval_seconds: float) -> np.ndarray:
    """Return int (length, N): for each frame those that follow it in a segment; N stands for none."""
    count = len(edges) - 1
    frames = np.arange(count)
    steps = np.rint(np.round(_positions(edges[:-1] + interval_seconds, edges) - frames, _DECIMALS))
    longest = max(1, (count - 1) // max(1, length - 1))
    following = np.append(frames + np.clip(steps, 1, longest).astype(int), count)
    chains = [frames]
    for _ in range(length - 1):
        chains.append(np.minimum(following[chains[-1]], count))
    return np.stack(chains)


def _starts_with_room(chains: np.ndarray, runs: np.ndarray | None) -> np.ndarray:
    """Return the frames, int (S,) with S >= 1, from which a whole segment can start."""
    first, last = chains[0], chains[-1]
    fits = last < len(first)
    if runs is not None:
        unbroken = fits & (runs == runs[np.minimum(last, len(first) - 1)])
        fits = unbroken if unbroken.any() else fits
    return first[fits] if fits.any() else first[:1]


def _nearest(candidates: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return for each of ``wanted`` the nearest of the ascending ``candidates``, the earlier of two."""
    after = np.searchsorted(candidates, wanted).clip(0, len(candidates) - 1)
    before = np.maximum(after - 1, 0)
    nearer = np.abs(candidates[before] - wanted) <= np.abs(candidates[after] - wanted)
    return np.where(nearer, candidates[before], candidates[after])
