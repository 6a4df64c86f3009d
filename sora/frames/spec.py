"""InputSpec: all that decides how the frames of a video become network input."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

Denoise = Literal["none", "gaussian", "median"]


@dataclass(frozen=True)
class ClipSpec:
    """How a video becomes a clip of ``num_segments`` moments of ``frames_per_segment`` frames each.

    Attributes:
        num_segments: moments, at the centres of equal parts of the video.
        frames_per_segment: frames at each moment; optical flow needs two.
        frame_interval_seconds: time between them, so that motion means the same at every frame rate.
        image_size_px: side of the square clip.
        denoise: filter applied to every frame.
        denoise_kernel_px: its odd kernel size.
        min_brightness, max_brightness: moments outside these bounds, in [0, 1], are left out.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": True}

    num_segments: int
    frames_per_segment: int
    frame_interval_seconds: float
    image_size_px: int
    denoise: Denoise
    denoise_kernel_px: int
    min_brightness: float
    max_brightness: float

    @property
    def num_frames(self) -> int:
        """Frames of a clip."""
        return self.num_segments * self.frames_per_segment


@dataclass(frozen=True)
class MotionSpec:
    """Histograms of optical flow: ``grid_cells`` x ``grid_cells`` cells of ``num_bins`` directions."""

    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": True}

    flow_size_px: int
    grid_cells: int
    num_bins: int

    @property
    def num_features(self) -> int:
        """Features per segment: raw and camera-compensated histograms side by side."""
        return 2 * self.grid_cells**2 * self.num_bins


@dataclass(frozen=True)
class InputSpec:
    """Written by extract, stored in the bundle, read wherever a video becomes network input.

    Network images are ``(rgb - pixel_mean) / pixel_scale``, rgb in [0, 255].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": True}

    clip: ClipSpec
    motion: MotionSpec
    backbone: str
    pixel_mean: float = field(default=127.0)
    pixel_scale: float = field(default=128.0)
