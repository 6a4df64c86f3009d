"""How blurred a picture is, whatever its contrast."""

import cv2
import numpy as np

_WINDOW_PX = 9
_EDGES = 0.99  # quantile: the strongest hundredth of differences


def blur(grey: np.ndarray) -> float:
    """Return the blur of a grey picture (H, W), any range: 0 (sharp) to 1 (nothing but blur).

    Blurring again hardly changes what is blurred: this is the share of the differences between neighbouring
    pixels that outlives a box filter of 9 px, in the worse of both directions (after Crete et al., "The blur
    effect: perception and estimation with a new no-reference perceptual blur metric", 2007). Only the
    strongest edges count, so that a sharp figure before a smooth background is sharp. A flat picture is too.
    """
    sharp = np.asarray(grey, np.float32)
    along_x = _surviving_share(sharp, cv2.blur(sharp, (_WINDOW_PX, 1)), axis=1)
    along_y = _surviving_share(sharp, cv2.blur(sharp, (1, _WINDOW_PX)), axis=0)
    return max(along_x, along_y)


def _surviving_share(sharp: np.ndarray, smooth: np.ndarray, axis: int) -> float:
    before = np.abs(np.diff(sharp, axis=axis))
    after = np.abs(np.diff(smooth, axis=axis))
    edges = before >= np.quantile(before, _EDGES)
    total = float(before[edges].sum())
    return 1 - float(np.maximum(0, before - after)[edges].sum()) / total if total else 0.0
