"""What is done to the frames of a video."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

# What an effect carries from frame to frame, or learns of a whole video; it is kept on disk without pickling.
Arrays: TypeAlias = dict[str, np.ndarray]


@dataclass(frozen=True)
class Frame:
    """A frame of the source.

    Attributes:
        number: its place in display order, from 0.
        seconds: when it is shown, from the first frame.
        pixels: uint8 RGB (H, W, 3), upright; not to be written to.
        previous: the pixels of the frame before it; None for the first.
    """

    number: int
    seconds: float
    pixels: np.ndarray
    previous: np.ndarray | None


class Effect:
    """Makes a picture of each frame: ``prepare`` on all cores, ``finish`` in order, ``render`` on all cores.

    Attributes:
        key: everything that decides the result: the name, the options and the versions.
    """

    key: str

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return the height and width of the results of frames of this size."""
        return height, width

    def survey(self, frames: Iterable[Frame]) -> Arrays | None:
        """Look at the whole video before it is worked on; None, without a look: there is no need to."""
        return None

    def informed(self, survey: Arrays) -> "Effect":
        """Return the effect that knows what ``survey`` found."""
        return self

    def prepare(self, frame: Frame) -> Any:
        """Do the heavy part, which no other result is needed for; called on several threads at once."""
        return frame.pixels

    def finish(self, state: Arrays | None, frame: Frame, prepared: Any) -> tuple[Arrays | None, Any]:
        """Do what needs the frame before, quickly, for frames wait here for one another.

        Args:
            state: that after the frame before; None for the first.
            frame: the frame.
            prepared: what ``prepare`` gave for it.

        Returns:
            The state after this frame, and what ``render`` is to make a picture of.
        """
        return None, prepared

    def render(self, frame: Frame, finished: Any) -> np.ndarray:
        """Return the result, uint8 RGB of the promised size; called on several threads at once."""
        return finished
