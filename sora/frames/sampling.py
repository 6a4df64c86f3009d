"""Which frames of a video make its clip: arithmetic on their times only."""

import numpy as np

VERSION = 2  # raise it when other indices come out

_ROUNDING_SECONDS = 0.001  # containers store times as whole milliseconds, or finer
_DECIMALS = 6  # of a frame: what floating point may have added


def segment_indices(
    times: np.ndarray, num_segments: int, frames_per_segment: int, frame_interval_seconds: float
) -> list[int]:
    """Return ``num_segments * frames_per_segment`` frame indices, segment by segment.

    Each segment starts with the frame shown at the centre of an equal part of the duration (Wang et al.,
    "Temporal Segment Networks", 2016). Each further frame is the one nearest to ``frame_interval_seconds``
    after the frame before it, at least one further on where the video is long enough. Short videos repeat
    frames.

    Args:
        times: float (N,), seconds from the first frame, in order. Times that differ from a constant rate by
            the rounding of a container count as constant.
        num_segments, frames_per_segment, frame_interval_seconds: see ``sora.frames.spec.ClipSpec``.

    Raises:
        ValueError: there is no frame.
    """
    num_frames = len(times)
    if num_frames < 1:
        raise ValueError("expected at least 1 frame, got 0")
    edges = _edges(np.asarray(times, np.float64))
    chains = _chains(edges, frames_per_segment, frame_interval_seconds)
    latest = np.flatnonzero(chains[-1] < num_frames).max(initial=0)
    parts = (np.arange(num_segments) + 0.5) * (edges[-1] / num_segments)
    centres = np.floor(np.round(_positions(parts, edges), _DECIMALS)).astype(int)
    starts = np.minimum(centres, latest)
    return [int(i) for i in np.minimum(chains[:, starts].T, num_frames - 1).ravel()]


def close_gaps(times: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return the times, float64 (K,), of the frames ``kept``, int (K,), played one after the other.

    What was dropped takes no time: each frame stays as long as it did in ``times``, float (N,).
    """
    stays = np.diff(_edges(np.asarray(times, np.float64)))[kept]
    return np.concatenate([[0.0], np.cumsum(stays)[:-1]])


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
