"""InputSpec: all that decides how the frames of a video become network input."""

from dataclasses import dataclass, field, fields, is_dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_type_hints

from sora.frames.bounds import Ge, Gt, Le

Denoise = Literal["none", "gaussian", "median", "bilateral", "nlmeans"]
Fit = Literal["stretch", "letterbox", "centre_crop"]
Stream = Literal["rgb", "crop", "difference"]
Descriptor = Literal["motion.flow", "motion.compensated", "motion.boundaries", "colour", "texture"]
Share = Annotated[float, Ge(0), Le(1)]

NUM_DIFFERENCE_FRAMES = 4  # three differences for the three channels
_STRICT: dict[str, Any] = {"extra": "forbid", "strict": True}
T = TypeVar("T")


@dataclass(frozen=True)
class SelectionSpec:
    """Which frames may be chosen: see ``sora.frames.selection``.

    With zeros and ``false`` from ``static_change`` on, only the chosen moments are looked at; any of those
    options makes a first pass over every frame, and the bounds of brightness then hold for every frame too.

    Attributes:
        min_brightness, max_brightness: bounds of a frame's mean.
        static_change: a head and a tail in which no part changes by more grey levels than this are cut off.
        frozen_seconds: pictures that stand still for at least so long are dropped, but for the first frame.
        drop_duplicates: whether frames equal to the one before are dropped.
        min_relative_sharpness: frames less sharp than this share of the video's median are dropped.
        max_speed: frames in which the camera swings faster, in longer sides of the picture per second, are
            dropped.
    """

    __pydantic_config__: ClassVar = _STRICT

    min_brightness: Share
    max_brightness: Share
    static_change: Annotated[float, Ge(0), Le(255)]
    frozen_seconds: Annotated[float, Ge(0)]
    drop_duplicates: bool
    min_relative_sharpness: Share
    max_speed: Annotated[float, Ge(0)]

    def __post_init__(self) -> None:
        if self.min_brightness >= self.max_brightness:
            raise ValueError("selection.min_brightness must be below max_brightness")

    @property
    def looks_at_every_frame(self) -> bool:
        """Whether the choice needs a first pass over the whole video."""
        limits = (self.static_change, self.frozen_seconds, self.min_relative_sharpness, self.max_speed)
        return self.drop_duplicates or any(limits)


@dataclass(frozen=True)
class CropSpec:
    """What is cut away, in this order: see ``sora.frames.geometry``.

    Attributes:
        left, top, right, bottom: the fixed region that is kept, as shares of the upright picture.
        black_bar_level: rows and columns at the edge that never rise above this grey level; 0 keeps them.
        motion_share: side of the window, as a share of each side, that is centred on what moves; 1 keeps all.
    """

    __pydantic_config__: ClassVar = _STRICT

    left: Share
    top: Share
    right: Share
    bottom: Share
    black_bar_level: Annotated[int, Ge(0), Le(128)]
    motion_share: Annotated[float, Gt(0), Le(1)]

    def __post_init__(self) -> None:
        if self.left >= self.right or self.top >= self.bottom:
            raise ValueError("crop.left must be below crop.right, and crop.top below crop.bottom")

    @property
    def region(self) -> tuple[float, float, float, float]:
        """The fixed region: left, top, right, bottom."""
        return self.left, self.top, self.right, self.bottom

    @property
    def keeps_all(self) -> bool:
        """Whether nothing is ever cut away."""
        return self.region == (0, 0, 1, 1) and not self.black_bar_level and self.motion_share == 1


@dataclass(frozen=True)
class DenoiseSpec:
    """See ``sora.frames.denoising``."""

    __pydantic_config__: ClassVar = _STRICT

    method: Denoise
    kernel_px: Annotated[int, Ge(1), Le(31)]
    strength: Annotated[float, Ge(0), Le(255)]

    def __post_init__(self) -> None:
        if not self.kernel_px % 2:
            raise ValueError("denoise.kernel_px must be odd")


@dataclass(frozen=True)
class LightSpec:
    """White balance, gamma and local contrast, in this order: see ``sora.frames.light``."""

    __pydantic_config__: ClassVar = _STRICT

    grey_world: Share
    gamma: Annotated[float, Gt(0), Le(10)]
    clahe_clip_limit: Annotated[float, Ge(0), Le(40)]


@dataclass(frozen=True)
class BackgroundSpec:
    """What stands still, painted over: see ``sora.frames.background``."""

    __pydantic_config__: ClassVar = _STRICT

    remove: bool
    fill_level: Annotated[int, Ge(0), Le(255)]
    var_threshold: Annotated[float, Gt(0)]


@dataclass(frozen=True)
class ClipSpec:
    """How a video becomes a clip of ``num_segments`` moments of ``frames_per_segment`` frames each.

    The steps come in the order of the attributes, and each has a setting that changes nothing.

    Attributes:
        num_segments: moments, at the centres of equal parts of the video.
        frames_per_segment: frames at each moment; optical flow needs two, the stream ``difference`` four.
        frame_interval_seconds: time between them, so that motion means the same at every frame rate.
        image_size_px: side of the square clip.
        selection: which frames may be chosen.
        crop: what is cut away.
        fit: how the rest becomes a square.
        denoise: filter of every frame.
        light: white balance, gamma, local contrast.
        background: whether what stands still is painted over.
    """

    __pydantic_config__: ClassVar = _STRICT

    num_segments: Annotated[int, Ge(1)]
    frames_per_segment: Annotated[int, Ge(2), Le(8)]
    frame_interval_seconds: Annotated[float, Gt(0)]
    image_size_px: Annotated[int, Ge(32), Le(1024)]
    selection: SelectionSpec
    crop: CropSpec
    fit: Fit
    denoise: DenoiseSpec
    light: LightSpec
    background: BackgroundSpec

    def __post_init__(self) -> None:
        if self.image_size_px % 2:
            raise ValueError("image_size_px must be even")

    @property
    def num_frames(self) -> int:
        """Frames of a clip."""
        return self.num_segments * self.frames_per_segment


@dataclass(frozen=True)
class StreamSpec:
    """Which images of each segment the backbone sees: see ``sora.frames.streams``.

    Attributes:
        names: each gives features of its own.
        crop_share: side of the window of ``crop``, as a share of each side.
        difference_gain: grey levels of ``difference`` for one grey level of change.
    """

    __pydantic_config__: ClassVar = _STRICT

    names: list[Stream]
    crop_share: Annotated[float, Gt(0), Le(1)]
    difference_gain: Annotated[float, Gt(0), Le(64)]

    def __post_init__(self) -> None:
        if not self.names or len(set(self.names)) < len(self.names):
            raise ValueError("streams.names must hold one name or more, each once")


@dataclass(frozen=True)
class DescriptorSpec:
    """Which hand-made features of each segment there are: see ``sora.frames.descriptors``.

    Attributes:
        names: blocks of columns, in this order.
        flow_size_px: optical flow is computed on square grey pictures of this side.
        grid_cells: the picture is divided into so many cells each way.
        flow_bins: directions of motion.
        colour_bins: hues, and brightnesses.
    """

    __pydantic_config__: ClassVar = _STRICT

    names: list[Descriptor]
    flow_size_px: Annotated[int, Ge(32), Le(1024)]
    grid_cells: Annotated[int, Ge(1), Le(16)]
    flow_bins: Annotated[int, Ge(2), Le(32)]
    colour_bins: Annotated[int, Ge(2), Le(64)]

    def __post_init__(self) -> None:
        if len(set(self.names)) < len(self.names):
            raise ValueError("descriptors.names must hold each name once")


@dataclass(frozen=True)
class InputSpec:
    """Written by extract, stored in the bundle, read wherever a video becomes network input.

    Network images are ``(rgb - pixel_mean) / pixel_scale``, rgb in [0, 255].

    Attributes:
        clip: from the video to a clean clip.
        streams: the images that the backbone sees.
        descriptors: features beside those of the backbone.
        backbone: its name.
        backbone_blocks: which of its outputs are features (``sora.networks.backbones``).
        pixel_mean, pixel_scale: of network images.
    """

    __pydantic_config__: ClassVar = _STRICT

    clip: ClipSpec
    streams: StreamSpec
    descriptors: DescriptorSpec
    backbone: str
    backbone_blocks: list[str]
    pixel_mean: float = field(default=127.0)
    pixel_scale: float = field(default=128.0)

    def __post_init__(self) -> None:
        if "difference" in self.streams.names and self.clip.frames_per_segment < NUM_DIFFERENCE_FRAMES:
            raise ValueError(
                f"the stream difference needs preprocess.frames_per_segment of {NUM_DIFFERENCE_FRAMES} or "
                f"more, not {self.clip.frames_per_segment}"
            )


def from_mapping(kind: type[T], values: dict[str, Any]) -> T:
    """Return the specification that ``dataclasses.asdict`` turned into ``values``, parts included.

    Raises:
        TypeError: a key is unknown or missing, or a part is no mapping.
        ValueError: values contradict each other.
    """
    if not isinstance(values, dict):
        raise TypeError(f"{kind.__name__}: expected a mapping, got {values!r}")
    hints = get_type_hints(kind)
    parts = {f.name for f in fields(kind) if is_dataclass(hints[f.name])}  # type: ignore[arg-type]
    return kind(**{k: from_mapping(hints[k], v) if k in parts else v for k, v in values.items()})
