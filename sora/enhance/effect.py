"""What ``sora enhance`` does to a video."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from importlib.metadata import version
from typing import NamedTuple

import cv2
import numpy as np

from sora.enhance.denoising import Average, average, clean, motion, noise_level, smoothed
from sora.enhance.enlarging import Network, enlarge
from sora.enhance.steadying import brightened, corrections, gains, moved
from sora.enhance.survey import Survey, survey
from sora.transcode.effect import Arrays, Effect, Frame

VERSION = 2  # raise it when the pixels of a result change


@dataclass(frozen=True)
class Options:
    """What is wanted: ``scale`` is 1, 2 or 4."""

    scale: int = 1
    denoise: bool = False
    deflicker: bool = False
    stabilize: bool = False


class _Prepared(NamedTuple):
    alone: np.ndarray
    came_from: np.ndarray | None
    level: float


class Enhancement(Effect):
    """Takes noise away, evens the brightness, steadies the camera and enlarges, in this order."""

    def __init__(self, options: Options, network: Network | None, found: Survey | None = None) -> None:
        """``network`` is needed where ``options.scale`` is not 1; ``found`` comes from ``survey``."""
        by = (network.key, version("onnxruntime")) if network else ()
        self.key = f"enhance {VERSION} {astuple(options)} {' '.join(by)}"
        self._options, self._network = options, network
        self._gains = gains(found) if found and options.deflicker else None
        self._corrections = corrections(found) if found and options.stabilize else None

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return the height and width of the results."""
        return self._options.scale * height, self._options.scale * width

    def survey(self, frames: Iterable[Frame]) -> Arrays | None:
        """Look at the whole video where brightness or the camera's path are to be smoothed."""
        return vars(survey(frames)) if self._options.deflicker or self._options.stabilize else None

    def informed(self, survey: Arrays) -> "Enhancement":
        """Return the effect for a video of which this was found."""
        return Enhancement(self._options, self._network, Survey(**survey))

    def prepare(self, frame: Frame) -> _Prepared | None:
        """Find the noise and the motion."""
        if not self._options.denoise:
            return None
        grey = cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2GRAY)
        level = noise_level(grey)
        before = None if frame.previous is None else cv2.cvtColor(frame.previous, cv2.COLOR_RGB2GRAY)
        came_from = None if before is None else motion(grey, before)
        return _Prepared(smoothed(frame.pixels, level), came_from, level)

    def finish(
        self, state: Arrays | None, frame: Frame, prepared: _Prepared | None
    ) -> tuple[Arrays | None, tuple[Average, np.ndarray] | None]:
        """Average along the motion."""
        if prepared is None:
            return None, None
        before = None if state is None else Average(**state)
        known = average(frame.pixels, before, prepared.came_from, prepared.level)
        return vars(known), (known, prepared.alone)

    def render(self, frame: Frame, finished: tuple[Average, np.ndarray] | None) -> np.ndarray:
        """Return the result, uint8 RGB."""
        pixels = frame.pixels if finished is None else clean(*finished)
        if self._gains is not None:
            pixels = brightened(pixels, float(self._gains[frame.number]))
        if self._corrections is not None:
            pixels = moved(pixels, self._corrections[frame.number])
        return pixels if self._network is None else enlarge(pixels, self._network, self._options.scale)
