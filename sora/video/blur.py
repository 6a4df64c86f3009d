"""How blurred a picture is, whatever its contrast."""

import cv2
import numpy as np

_WINDOW_PX = 9
_EDGE_SHARE = 0.01  # of the differences: the strongest


def blur(grey: np.ndarray) -> float:
    """Return the blur of a grey uint8 picture (H, W): 0 (sharp) to 1 (nothing but blur).

    Blurring again hardly changes what is blurred: this is the share of the differences between neighbouring
    pixels that outlives a box filter of 9 px, in the worse of both directions (after Crete et al., "The blur
    effect: perception and estimation with a new no-reference perceptual blur metric", 2007). Only the
    strongest edges count, so that a sharp figure before a smooth background is sharp. A flat picture is too.
    """
    smooth = grey.astype(np.float32)
    along_x = cv2.blur(smooth, (_WINDOW_PX, 1))
    along_y = cv2.blur(smooth, (1, _WINDOW_PX))
    return max(
        _surviving_share(
            cv2.absdiff(grey[:, 1:], grey[:, :-1]), cv2.absdiff(along_x[:, 1:], along_x[:, :-1])
        ),
        _surviving_share(cv2.absdiff(grey[1:], grey[:-1]), cv2.absdiff(along_y[1:], along_y[:-1])),
    )


def _surviving_share(before: np.ndarray, after: np.ndarray) -> float:
    """Return how much of the strongest differences ``before`` (uint8) is left ``after`` the filter."""
    if not before.size:
        return 0.0
    num_up_to = np.cumsum(np.bincount(before.ravel(), minlength=256))
    level = int(np.searchsorted(num_up_to, (1 - _EDGE_SHARE) * before.size))
    # Above the level, not at it: at a low one lie all the slopes of a smooth background.
    edges = before > level if num_up_to[level] < before.size else before >= max(level, 1)
    strong = before[edges].astype(np.float32)
    lost = np.maximum(0, strong - after[edges])
    return 1 - float(lost.sum()) / float(strong.sum()) if strong.size else 0.0
