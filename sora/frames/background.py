"""Removal of what stands still, for a camera that stands still."""

import cv2
import numpy as np

VERSION = 1  # raise it when other pixels come out

_LEARNING_ROUNDS = 3
_BACKGROUND_SHARE = 0.5  # of the time that a place must be seen bare; OpenCV's 0.9 takes slow movers in
_OPENING_PX, _CLOSING_PX = 3, 9
_MOVER = 255  # the mask has 127 for shadows


def foreground_masks(frames: np.ndarray, var_threshold: float) -> np.ndarray:
    """Return bool (N, H, W): where something moves in uint8 RGB frames (N, H, W, 3) of one camera position.

    MOG2 (Zivkovic, "Improved adaptive Gaussian mixture model for background subtraction", 2004) learns the
    background from all frames first, so that movers in the first ones count too. Shadows are background;
    specks are removed and small holes closed.

    Args:
        frames: in [0, 255].
        var_threshold: squared distance from the background, in variances, from which a pixel is foreground.
    """
    model = cv2.createBackgroundSubtractorMOG2(
        history=_LEARNING_ROUNDS * len(frames), varThreshold=var_threshold, detectShadows=True
    )
    model.setBackgroundRatio(_BACKGROUND_SHARE)
    for frame in np.concatenate([frames] * _LEARNING_ROUNDS):
        model.apply(frame)
    masks = [model.apply(frame, learningRate=0) == _MOVER for frame in frames]
    return np.stack([_without_specks(mask.astype(np.uint8)) for mask in masks]).astype(bool)


def remove_background(frames: np.ndarray, fill_level: int, var_threshold: float) -> np.ndarray:
    """Return uint8 RGB frames (N, H, W, 3) with everything but the movers painted in grey ``fill_level``."""
    masks = foreground_masks(frames, var_threshold)
    return np.where(masks[..., None], frames, np.uint8(fill_level))


def _without_specks(mask: np.ndarray) -> np.ndarray:
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, _disc(_OPENING_PX))
    return cv2.morphologyEx(opened, cv2.MORPH_CLOSE, _disc(_CLOSING_PX))


def _disc(side_px: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side_px, side_px))
