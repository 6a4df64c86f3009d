"""The effect that paints a video in a style."""

from dataclasses import dataclass

import numpy as np

from sora.stylize.painter import Painter, canvas_size, resized, substance
from sora.stylize.steady import VERSION, Motion, detail_strength, mixed, motion_between, with_detail
from sora.stylize.styles import Style
from sora.transcode.effect import Arrays, Effect, Frame


@dataclass(frozen=True, eq=False)
class Painted:
    """What can be known of a frame without the one before being finished.

    Attributes:
        painting: float32 RGB (H, W, 3) in [0, 255], of the canvas' size, as all below.
        detail: float32 (H, W), the strength of its fine detail.
        motion: from the frame before; None for the first of a shot.
        substance: of the frame, from 0 to 1; an empty one is left as it is.
    """

    painting: np.ndarray
    detail: np.ndarray
    motion: Motion | None
    substance: float


class Stylize(Effect):
    """Paints frames in a style; what is painted moves with what is seen."""

    def __init__(self, style: Style, strength: float = 1.0, side_px: int | None = None) -> None:
        """Prepare the network.

        Args:
            style: the style.
            strength: of the painting in the result, 0 (the frame alone) to 1.
            side_px: longest side of what is painted; None: see ``canvas_size``.
        """
        self._painter, self._strength, self._side_px = Painter(style), strength, side_px
        self.key = f"stylize {VERSION} {self._painter.key} {strength:g} {side_px}"

    def prepare(self, frame: Frame) -> Painted:
        """Paint a frame, and compare it with the one before."""
        height, width = frame.pixels.shape[:2]
        size = canvas_size(height, width, self._side_px)
        canvas = resized(frame.pixels, size)
        painting = self._painter.paint(canvas)
        motion = None if frame.previous is None else motion_between(resized(frame.previous, size), canvas)
        return Painted(painting, detail_strength(painting), motion, substance(canvas))

    def finish(
        self, state: Arrays | None, frame: Frame, prepared: Painted
    ) -> tuple[Arrays, tuple[np.ndarray, Painted]]:
        """Mix the painting with the one before; the state is what they make together."""
        painting = prepared.painting
        if state is not None and prepared.motion is not None:
            painting = mixed(painting, state["painting"], prepared.motion)
        return {"painting": painting}, (painting, prepared)

    def render(self, frame: Frame, finished: tuple[np.ndarray, Painted]) -> np.ndarray:
        """Return the result, uint8 RGB: the painting with its detail, mixed with the frame."""
        painting, prepared = finished
        shown = resized(with_detail(painting, prepared.detail), frame.pixels.shape[:2])
        strength = self._strength * prepared.substance
        result = strength * shown + np.float32(1 - strength) * frame.pixels
        return np.clip(np.rint(result), 0, 255).astype(np.uint8)
