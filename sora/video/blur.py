"""How blurred a picture is, whatever its contrast."""

import cv2
import numpy as np

_WINDOW_PX = 9


def blur(grey: np.ndarray) -> float:
    """Return the blur of a grey picture (H, W), any range: 0 (sharp) to 1 (nothing but blur).

    Blurring again hardly changes a picture that is blurred: this is the share of the differences between
    neighbouring pixels that outlives a box filter of 9 px, in the worse of both directions (Crete et al.,
    "The blur effect: perception and estimation with a new no-reference perceptual blur metric", 2007). A
    flat picture is not blurred.
    """
    sharp = np.asarray(grey, np.float32)
    along_x = _surviving_share(sharp, cv2.blur(sharp, (_WINDOW_PX, 1)), axis=1)
    along_y = _surviving_share(sharp, cv2.blur(sharp, (1, _WINDOW_PX)), axis=0)
    return max(along_x, along_y)


def _surviving_share(sharp: np.ndarray, smooth: np.ndarray, axis: int) -> float:
    before = np.abs(np.diff(sharp, axis=axis))
    after = np.abs(np.diff(smooth, axis=axis))
    total = float(before.sum())
    return 1 - float(np.maximum(0, before - after).sum()) / total if total else 0.0
