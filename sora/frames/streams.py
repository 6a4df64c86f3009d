"""The images of each segment that a backbone sees: the frame itself, what moves in it, and how it changes."""

from collections.abc import Callable

import cv2
import numpy as np

from sora.frames.geometry import crop, fit_square, moving_box
from sora.frames.motion import Flow
from sora.frames.spec import NUM_DIFFERENCE_FRAMES, StreamSpec

VERSION = 1  # raise it when other pixels come out
NEED_FLOW = frozenset({"crop"})
_MIDDLE = 127.5  # no change, as a grey level


def stream_images(segments: np.ndarray, flow: Flow, spec: StreamSpec) -> np.ndarray:
    """Return the images of every stream, float32 RGB in [0, 255] (R, T, S, S, 3), in the order of the names.

    Args:
        segments: uint8 RGB (T, K, S, S, 3).
        flow: of each segment; looked at by the streams in ``NEED_FLOW`` only.
        spec: which streams.
    """
    images = np.empty((len(spec.names), len(segments), *segments.shape[2:]), np.float32)
    for place, name in enumerate(spec.names):
        images[place] = _STREAMS[name](segments, flow, spec)
    return images


def moving_part(frames: np.ndarray, flow: np.ndarray, side_share: float) -> np.ndarray:
    """Return what moves in frames, uint8 RGB (T, S, S, 3), enlarged to the same size.

    One window for the whole clip, so that it does not tremble: see ``sora.frames.geometry.moving_box``.
    """
    size = frames.shape[1]
    return fit_square(crop(frames, moving_box(flow, size, size, side_share)), size, "stretch")


def difference_images(segments: np.ndarray, gain: float) -> np.ndarray:
    """Return how grey changes from frame to frame, float32 in [0, 255] (T, S, S, 3).

    The channels are the first three differences within each segment, uint8 RGB (T, K, S, S, 3), times
    ``gain``, around the middle grey (the RGB-difference input of Wang et al., "Temporal segment networks",
    2016, with three differences in place of three colours).
    """
    return np.stack([_difference_image(frames[:NUM_DIFFERENCE_FRAMES], gain) for frames in segments])


def _difference_image(frames: np.ndarray, gain: float) -> np.ndarray:
    # A segment at a time, for its arrays stay in the cache of a core.
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    change = cv2.subtract(cv2.merge(grey[1:]), cv2.merge(grey[:-1]), dtype=cv2.CV_32F)
    return np.clip(change * np.float32(gain) + np.float32(_MIDDLE), 0, 255)


_Images = Callable[[np.ndarray, Flow, StreamSpec], np.ndarray]
_STREAMS: dict[str, _Images] = {
    "rgb": lambda segments, _, spec: segments[:, 0],
    "crop": lambda segments, flow, spec: moving_part(segments[:, 0], flow.compensated, spec.crop_share),
    "difference": lambda segments, _, spec: difference_images(segments, spec.difference_gain),
}
