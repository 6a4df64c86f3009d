"""What the pictures of a video say, gathered frame by frame in memory that does not grow."""

from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from sora.video.blur import blur
from sora.video.fingerprint import FIRST_STEP_SECONDS, MAX_MOMENTS, TINY_PX, fingerprint, to_hex
from sora.video.strip import strip_jpeg
from sora.video.thinning import EvenlySpaced

_BLACK_LEVEL = 16  # of 255: mean grey below it is a black frame
_DARK_LEVEL = 40  # likewise an under-exposed one; black frames are dark too
_WHITE_LEVEL = 250  # likewise above it; white backgrounds lie at 240
_FROZEN_LEVELS = 3  # largest difference to the frame before, on the tiny frame
_MAX_SAMPLES = 16  # frames kept for the strip and for blur
_SAMPLE_SIDE_PX = 256  # their longer side; smaller frames keep their size
_MIN_BLUR = 0.45  # of sora.video.blur: UCF101 lies below 0.26, after a Gaussian blur of 2 px above 0.44


class PictureTally:
    """Exposure, motion, blur, hashes and a strip of the frames that ``add`` is given in display order."""

    def __init__(self) -> None:
        self._count = self._num_black = self._num_dark = self._num_white = self._num_frozen = 0
        self._motion_sum = 0.0
        self._still_since = self._longest_still_seconds = 0.0
        self._previous: np.ndarray | None = None
        self._sum = np.zeros((TINY_PX, TINY_PX))
        self._rotation = 0
        self._moments: EvenlySpaced[np.ndarray] = EvenlySpaced(MAX_MOMENTS, FIRST_STEP_SECONDS)
        self._samples: EvenlySpaced[np.ndarray] = EvenlySpaced(_MAX_SAMPLES, 1)
        # One for each size, so that the tables of scaling are made once and not for every frame.
        self._to_tiny, self._to_sample = VideoReformatter(), VideoReformatter()

    def add(self, frame: av.VideoFrame, seconds: float) -> None:
        """Count a frame shown at ``seconds`` from the first."""
        tiny = self._to_tiny.reformat(
            frame, TINY_PX, TINY_PX, "gray", interpolation="AREA", threads=1
        ).to_ndarray()
        self._rotation = frame.rotation
        self._add_exposure(tiny)
        self._add_motion(tiny, seconds)
        self._samples.add(self._count, lambda: self._sample(frame))
        self._moments.add(seconds, lambda: tiny)
        self._count += 1

    def facts(self) -> dict[str, Any]:
        """Return the fields of VideoFacts that pictures decide."""
        count = max(self._count, 1)
        mean_picture = self._sum / count
        moments = fingerprint(np.array(self._moments.items), self._moments.step)
        return {
            "mean_brightness": round(float(mean_picture.mean()) / 255, 4),
            "black_share": round(self._num_black / count, 4),
            "dark_share": round(self._num_dark / count, 4),
            "overexposed_share": round(self._num_white / count, 4),
            "blurred_share": self._blurred_share(),
            "mean_motion": round(self._motion_sum / max(count - 1, 1) / 255, 5),
            "frozen_share": round(self._num_frozen / max(count - 1, 1), 4),
            "longest_frozen_seconds": round(self._longest_still_seconds, 4),
            "perceptual_hash": perceptual_hash(mean_picture) if self._count else "",
            "hash_step_seconds": moments.step_seconds,
            "picture_hashes": to_hex(moments.pictures),
            "motion_hashes": to_hex(moments.motions),
        }

    def strip(self) -> bytes:
        """Return the thumbnail strip as a JPEG, upright; empty without a frame."""
        return strip_jpeg([np.rot90(picture, self._rotation // 90) for picture in self._samples.items])

    def _add_exposure(self, tiny: np.ndarray) -> None:
        brightness = tiny.mean()
        self._num_black += int(brightness < _BLACK_LEVEL)
        self._num_dark += int(brightness < _DARK_LEVEL)
        self._num_white += int(brightness > _WHITE_LEVEL)
        self._sum += tiny

    def _add_motion(self, tiny: np.ndarray, seconds: float) -> None:
        if self._previous is not None:
            change = cv2.absdiff(tiny, self._previous)
            frozen = bool(change.max() < _FROZEN_LEVELS)
            self._num_frozen += frozen
            self._motion_sum += float(change.mean())
            self._still_since = self._still_since if frozen else seconds
            self._longest_still_seconds = max(self._longest_still_seconds, seconds - self._still_since)
        self._previous = tiny

    def _sample(self, frame: av.VideoFrame) -> np.ndarray:
        scale = min(1.0, _SAMPLE_SIDE_PX / max(frame.width, frame.height))
        width, height = (max(2, round(side * scale)) for side in (frame.width, frame.height))
        return self._to_sample.reformat(
            frame, width, height, "rgb24", interpolation="AREA", threads=1
        ).to_ndarray()

    def _blurred_share(self) -> float:
        samples = self._samples.items
        num_blurred = sum(blur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)) > _MIN_BLUR for picture in samples)
        return round(num_blurred / max(len(samples), 1), 4)


def perceptual_hash(grey: np.ndarray) -> str:
    """Return the 64-bit DCT hash of a square grey picture as 16 hexadecimal digits.

    The signs of the 8 x 8 lowest frequencies about their median (Zauner, "Implementation and benchmarking
    of perceptual image hash functions", 2010).
    """
    low = cv2.dct(np.asarray(grey, np.float32))[:8, :8].ravel()
    bits = low > np.median(low[1:])
    return np.packbits(bits).tobytes().hex()
