"""Which frames of a video make its clip: index arithmetic only."""

import numpy as np

VERSION = 1  # raise it when other indices come out


def segment_indices(
    num_frames: int, fps: float, num_segments: int, frames_per_segment: int, frame_interval_seconds: float
) -> list[int]:
    """Return ``num_segments * frames_per_segment`` frame indices, segment by segment.

    Each segment starts at the centre of an equal part of the video (Wang et al., "Temporal Segment
    Networks", 2016); its further frames follow at ``frame_interval_seconds``, at least one frame apart
    where the video is long enough. Short videos repeat frames.

    Raises:
        ValueError: there is no frame.
    """
    if num_frames < 1:
        raise ValueError(f"expected at least 1 frame, got {num_frames}")
    step = max(1, round(frame_interval_seconds * fps))
    step = min(step, max(1, (num_frames - 1) // max(1, frames_per_segment - 1)))
    reach = step * (frames_per_segment - 1)
    centres = ((np.arange(num_segments) + 0.5) * num_frames / num_segments).astype(int)
    starts = np.clip(centres, 0, max(0, num_frames - 1 - reach))
    indices = starts[:, None] + step * np.arange(frames_per_segment)
    return [int(i) for i in np.minimum(indices, num_frames - 1).ravel()]


def spread_over(kept: np.ndarray, num_segments: int) -> np.ndarray:
    """Spread the positions ``kept``, int (K,) with K >= 1, evenly over ``num_segments`` places, in order."""
    return kept[np.arange(num_segments) * len(kept) // num_segments]
