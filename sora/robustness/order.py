"""Frames at other times: dropped, backwards, shuffled, or standing still.

A clip is T moments of K frames each: uint8 RGB (T, K, H, W, 3), in and out. Only the order changes, but for
``drop_frames`` and ``stand_still``, which show some frames more than once and others never.
"""

import numpy as np


def drop_frames(segments: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Show the frame before in place of a ``share`` of all frames, as a stream does that falters.

    The very first frame stays. In place of the first frame of a later moment stands the moment before.
    """
    num_frames = segments.shape[0] * segments.shape[1]
    dropped = 1 + rng.permutation(num_frames - 1)[: round(share * (num_frames - 1))]
    shown = np.arange(num_frames)
    shown[dropped] = 0
    return _in_order(segments, np.maximum.accumulate(shown))


def reverse(segments: np.ndarray) -> np.ndarray:
    """Play the clip backwards: the moments, and the frames within each."""
    return segments[::-1, ::-1]


def shuffle_moments(segments: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Put the moments in any order; within each, time goes on."""
    return segments[rng.permutation(len(segments))]


def shuffle_frames(segments: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Put all frames in any order, so that nothing moves as it did."""
    return _in_order(segments, rng.permutation(segments.shape[0] * segments.shape[1]))


def stand_still(segments: np.ndarray, place: int) -> np.ndarray:
    """Show nothing of each moment but the frame at ``place`` in it: nothing moves, the order stays."""
    return np.repeat(segments[:, place, None], segments.shape[1], axis=1)


def _in_order(segments: np.ndarray, places: np.ndarray) -> np.ndarray:
    return segments.reshape(-1, *segments.shape[2:])[places].reshape(segments.shape)
